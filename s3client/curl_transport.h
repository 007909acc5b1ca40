#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "s3client/transport.h"

namespace s3 {

struct TransportOptions {
  std::string ca_file;  ///< PEM bundle; empty: the system's
  std::chrono::milliseconds connect_timeout{30'000};
  /// A transfer that moves no byte for this long ends with kNetwork.
  std::chrono::milliseconds stall_timeout{60'000};
  std::string user_agent = "holdfast/" HOLDFAST_VERSION;
};

/// The libcurl transport: TLS 1.2 or newer, always verified; ChaCha20-Poly1305 offered first where
/// the CPU has no AES instructions; proxies from the environment as curl reads them (never for
/// loopback). Connections are kept and reused. HTTP/1.1.
std::unique_ptr<Transport> make_curl_transport(const TransportOptions& options);

}  // namespace s3
