#pragma once

#include <string>

#include "s3client/error.h"

namespace s3 {

/// Whether a private CA can be had from this file: it is there, may be read, and has a certificate
/// in it. kInvalid, with the remedy, where not; libcurl would say so at each request.
Result<void> check_ca_file(const std::string& path);

/// Whether this CPU has AES instructions. A Pi before the Pi 5 has none.
bool cpu_has_aes();

/// Cipher lists for libcurl, best first; nullptr: its own.
struct CipherOrder {
  const char* tls12 = nullptr;
  const char* tls13 = nullptr;
};

/// ChaCha20-Poly1305 first where AES is slow; nothing is left out that libcurl would offer but
/// suites without authentication.
CipherOrder cipher_order(bool has_aes);

}  // namespace s3
