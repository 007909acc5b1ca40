#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "store/disk/lock_holder.h"

namespace store {
namespace {

// "1: FLOCK  ADVISORY  WRITE 24760 fe:00:10068632 0 EOF": the pid, where the file is this one.
// Some filesystems (btrfs) show another device here than stat() does, so the inode has to do there.
std::optional<pid_t> holder_in(const std::string& line, const std::string& file, ino_t inode,
                               bool any_device) {
  std::istringstream words(line);
  std::string number;
  std::string type;
  std::string advisory;
  std::string mode;
  pid_t pid = 0;
  std::string where;
  if (!(words >> number >> type >> advisory >> mode >> pid >> where)) return std::nullopt;
  if (type != "FLOCK" || pid <= 0) return std::nullopt;
  const bool same = where == file || (any_device && where.ends_with(fmt::format(":{}", inode)));
  return same ? std::optional(pid) : std::nullopt;
}

std::optional<pid_t> find_holder(dev_t device, ino_t inode) {
  const auto file = fmt::format("{:02x}:{:02x}:{}", major(device), minor(device), inode);
  for (const bool any_device : {false, true}) {
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
      if (const auto pid = holder_in(line, file, inode, any_device)) return pid;
    }
  }
  return std::nullopt;
}

// The 22nd field counts clock ticks since the machine was started. The name before it may hold
// anything, blanks and brackets too.
std::optional<std::chrono::seconds> started_after_boot(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream words(text.substr(name_end + 1));
  constexpr int kFieldsBefore = 19;
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) words >> skipped;
  std::int64_t ticks = 0;
  if (!(words >> ticks)) return std::nullopt;
  const auto per_second = ::sysconf(_SC_CLK_TCK);
  return std::chrono::seconds{ticks / (per_second > 0 ? per_second : 100)};
}

std::optional<std::chrono::seconds> uptime() {
  std::ifstream file("/proc/uptime");
  double seconds = 0;
  if (!(file >> seconds)) return std::nullopt;
  return std::chrono::seconds{static_cast<std::int64_t>(seconds)};
}

}  // namespace

std::optional<LockHolder> find_lock_holder(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  const auto pid = find_holder(status.st_dev, status.st_ino);
  if (!pid) return std::nullopt;
  const auto started = started_after_boot(*pid);
  const auto up = uptime();
  if (!started || !up) return std::nullopt;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return LockHolder{*pid, now - (*up - *started)};
}

}  // namespace store
