#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "s3client/error.h"
#include "s3client/transport.h"

namespace s3 {

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

/// Connects to "https://HOST[:PORT]", as a pull does, and sends nothing. `ca_file`: as in
/// TransportOptions.
EndpointReport probe_endpoint(const std::string& url, const std::string& ca_file);

}  // namespace s3
