#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "store/disk/disk.h"

namespace agent {

/// What may still come to a disk: `min_free` of its bytes stay free, and a thousandth of its files
/// likewise, 16 at least for our own, since a filesystem that has no more of those takes nothing
/// either.
struct Room {
  store::Space space;
  std::uint64_t min_free_bytes = 0;

  std::uint64_t kept_files() const {
    return std::max<std::uint64_t>((space.total_files + 999) / 1000, 16);
  }
  /// True where the filesystem does not tell.
  bool has_bytes(std::uint64_t size_bytes) const {
    if (space.total_bytes == 0) return true;
    return space.free_bytes >= min_free_bytes && space.free_bytes - min_free_bytes >= size_bytes;
  }
  /// True where the filesystem has no such limit.
  bool has_files(std::uint64_t count) const {
    if (space.total_files == 0) return true;
    return space.free_files >= kept_files() && space.free_files - kept_files() >= count;
  }
};

/// Of the disk, for what is under way or not placed yet.
struct Reserved {
  std::uint64_t size_bytes = 0;
  std::uint64_t files = 0;
};

/// How many files a new one at this path may take, with the directories that it lies in.
inline std::uint64_t files_of(std::string_view path) {
  return 1 + static_cast<std::uint64_t>(std::count(path.begin(), path.end(), '/'));
}

}  // namespace agent
