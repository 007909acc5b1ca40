#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "s3client/transport.h"

namespace s3 {

struct TransportOptions {
  std::string ca_file;  ///< PEM bundle; empty: the system's
  std::chrono::milliseconds connect_timeout{30'000};
  /// A transfer that moves no byte for this long ends with kNetwork.
  std::chrono::milliseconds stall_timeout{60'000};
  /// In the stead of that, before the first byte of a text: there are servers that read and hash
  /// what they list before they answer.
  std::chrono::milliseconds text_wait{900'000};
  /// From its first byte on a head, all 1xx before it included, has to come within this time; the
  /// body of an error, and a text, likewise.
  std::chrono::milliseconds head_limit{60'000};
  std::chrono::milliseconds error_limit{60'000};
  std::chrono::milliseconds text_limit{900'000};
  /// A body that comes slower than this for `rate_window` ends with kNetwork. What the caller takes
  /// its time for does not count. 0: no floor.
  std::uint64_t min_rate_bytes = 1024;
  std::chrono::milliseconds rate_window{300'000};
  std::string user_agent = "holdfast/" HOLDFAST_VERSION;
};

/// The libcurl transport: TLS 1.2 or newer, always verified; ChaCha20-Poly1305 offered first where
/// the CPU has no AES instructions; proxies from the environment as curl reads them (never for
/// loopback). Connections are kept and reused. HTTP/1.1.
std::unique_ptr<Transport> make_curl_transport(const TransportOptions& options);

/// The version that runs, and those of what it uses: "libcurl/8.14.1 OpenSSL/3.5.4 zlib/1.3.1".
std::string curl_version_text();

}  // namespace s3
