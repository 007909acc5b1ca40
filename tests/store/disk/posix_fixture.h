#pragma once

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/refused_calls.h"
#include "tests/support/temp_dir.h"

namespace posix_test {

inline std::unique_ptr<store::Disk> open_disk(const std::string& path) {
  auto disk = store::open_posix_disk(path);
  return disk ? std::move(*disk) : nullptr;
}

// A disk that found, when it was opened, that the kernel lacks these calls; nullptr where the test
// machine cannot pretend so.
inline std::unique_ptr<store::Disk> open_disk_without(const std::string& path,
                                                      const test::RefusedCall& call) {
  auto disk = test::with_refused({call}, [&] { return open_disk(path); });
  if (!disk) WARN("SKIPPED: system calls cannot be refused here");
  return disk ? std::move(*disk) : nullptr;
}

// Both ways of resolving a path have to keep the same promises.
inline std::unique_ptr<store::Disk> open_either_way(const std::string& path) {
  if (GENERATE(true, false)) return open_disk(path);
  return open_disk_without(path, {SYS_openat2, GENERATE(ENOSYS, EPERM)});
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace posix_test
