#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/disk/error.h"

namespace store {

/// What a file or directory is, whatever path leads to it.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t names = 0;      ///< how many the file has on its filesystem
  std::int64_t changed_ns = 0;  ///< since 1970: when it, its names or its owner last changed
};

/// Whether both are one. False also where one filesystem is reached as two devices.
bool is_same_file(const FileIdentity& one, const FileIdentity& other);

/// Likewise, and true where a network mount of a filesystem shows, under a device of its own, what
/// the server calls it: the number and the moment of the last change are the same there.
bool seems_same_file(const FileIdentity& one, const FileIdentity& other);

/// Looks at a path of this system, and follows no symbolic link at its end. nullopt when nothing is
/// there.
Result<std::optional<FileIdentity>> find_file_identity(const std::string& path);

}  // namespace store
