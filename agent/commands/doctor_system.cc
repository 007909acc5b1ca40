#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "agent/commands/doctor.h"

namespace agent {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20;

std::string user_name(unsigned user) {
  const auto* entry = ::getpwuid(user);
  return entry == nullptr ? fmt::format("the user {}", user) : entry->pw_name;
}

std::optional<unsigned> service_user() {
  const auto* entry = ::getpwnam("holdfast");
  return entry == nullptr ? std::nullopt : std::optional<unsigned>(entry->pw_uid);
}

std::optional<DoctorSystem::File> file_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return DoctorSystem::File{info.st_mode & 07777U, info.st_uid};
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string text;
  text.assign(std::istreambuf_iterator<char>(file), {});
  text.resize(std::min(text.size(), kMaxText));
  return text;
}

std::string device_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || major(info.st_dev) == 0) return "";
  std::error_code error;
  const auto link = std::filesystem::read_symlink(
      fmt::format("/sys/dev/block/{}:{}", major(info.st_dev), minor(info.st_dev)), error);
  return error ? "" : link.filename().string();
}

}  // namespace

DoctorSystem doctors_system() {
  return {static_cast<unsigned>(::geteuid()),
          service_user(),
          user_name,
          file_at,
          names_in,
          text_of,
          device_of,
          s3::probe_endpoint};
}

}  // namespace agent
