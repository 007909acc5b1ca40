#pragma once

#include <string>

#include "store/disk/error.h"

namespace store {

/// True when `path` is a mount point of its own: its st_dev differs from that of its parent, or it
/// is the root directory. kNotFound when it does not exist.
Result<bool> is_mount_point(const std::string& path);

/// True when the filesystem at `path` is mounted read-only. kNotFound when it does not exist.
Result<bool> is_read_only(const std::string& path);

}  // namespace store
