#include "s3client/ca_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

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

}  // namespace s3
