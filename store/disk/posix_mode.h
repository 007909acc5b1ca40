#pragma once

#include <sys/types.h>

#include <atomic>
#include <string_view>

#include "store/disk/error.h"

namespace store {

inline constexpr mode_t kFinishedMode = 0440;
inline constexpr mode_t kUnfinishedMode = 0640;

/// Which files of one disk may be written to, and whether its filesystem keeps such a thing. Part
/// of posix_disk; thread-safe.
class PosixMode {
 public:
  /// As Disk::set_finished(), of an open file. `path` is for the error.
  Status set(int fd, bool finished, std::string_view path);

  /// The filesystem was found not to keep it.
  bool is_lacking() const { return lacking_; }

 private:
  std::atomic<bool> kept_ = false;
  std::atomic<bool> lacking_ = false;
};

}  // namespace store
