#pragma once

namespace s3 {

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
