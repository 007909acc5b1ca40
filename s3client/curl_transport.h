#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "s3client/error.h"
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

/// How far one gets on the way to an endpoint. What was not come to is as if it were well.
struct EndpointReport {
  std::string name_error;   ///< the host's name has no address; empty: it has, or none is needed
  std::string route_error;  ///< nothing answers there
  std::string tls_error;    ///< who answers is not to be trusted, or speaks no TLS
  Hint hint = Hint::kNone;
  bool tls = false;
  std::string address;  ///< what was connected to
  std::optional<std::chrono::sys_seconds> certificate_ends;
  std::string issuer;  ///< of the certificate
};

/// Connects to "https://HOST[:PORT]" as the transport with this `ca_file` does, and sends nothing.
EndpointReport probe_endpoint(const std::string& url, const std::string& ca_file);

/// The version that runs, and those of what it uses: "libcurl/8.14.1 OpenSSL/3.5.4 zlib/1.3.1".
std::string curl_version_text();

}  // namespace s3
