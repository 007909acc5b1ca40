#pragma once

#include <chrono>
#include <string>

#include "tests/support/socket_stream.h"

namespace fake_s3 {

struct CertificateOptions {
  std::string dns_name = "localhost";
  std::string ip_address = "127.0.0.1";
  std::chrono::seconds valid_for{std::chrono::hours(24)};  ///< from now; negative: expired
};

/// A new self-signed certificate; its PEM is also the CA file that trusts it.
TlsIdentity make_certificate(const CertificateOptions& options = {});

}  // namespace fake_s3
