#include "s3client/tls_policy.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#endif

namespace s3 {

Result<void> check_ca_file(const std::string& path) {
  const auto unusable = [&](std::string_view why) {
    return Error{ErrorKind::kInvalid, 0, "",
                 fmt::format("\"{}\" {}; name a PEM file with the CA's certificate, or remove the "
                             "line for the system's",
                             path, why),
                 ""};
  };
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return unusable("cannot be read: " + std::generic_category().message(errno));
  }
  // A pipe would keep us waiting.
  if (!S_ISREG(status.st_mode)) return unusable("is not a regular file");
  std::ifstream file(path);
  if (!file) return unusable("cannot be read: " + std::generic_category().message(errno));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-----BEGIN ") && line.find("CERTIFICATE-----") != std::string::npos) {
      return {};
    }
  }
  return unusable("has no certificate in it");
}

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
