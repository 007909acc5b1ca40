#include "s3client/tls_ciphers.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#endif

namespace s3 {

bool cpu_has_aes() {
#if defined(__x86_64__) || defined(__i386__)
  constexpr unsigned kAesBit = 1U << 25U;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kAesBit) != 0;
#elif defined(__aarch64__)
  constexpr unsigned long kHwcapAes = 1UL << 3U;
  return (getauxval(AT_HWCAP) & kHwcapAes) != 0;
#elif defined(__arm__)
  // 32-bit ARM tells it in the second word.
  constexpr unsigned long kHwcap2Aes = 1UL << 0U;
  return (getauxval(AT_HWCAP2) & kHwcap2Aes) != 0;
#else
  return true;
#endif
}

CipherOrder cipher_order(bool has_aes) {
  if (has_aes) return {};
  return {"ECDHE+CHACHA20:HIGH:!aNULL:!eNULL:!PSK:!SRP",
          "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"};
}

}  // namespace s3
