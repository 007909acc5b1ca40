#pragma once

#include <memory>
#include <string>

#include "store/disk/disk.h"

namespace store {

/// Opens the directory `root` (an absolute or relative path of this system) as a disk. Every system
/// call on the mirror is in posix_disk.cc: EINTR, short writes and errno are dealt with there and
/// nowhere else. kNotFound when there is no such directory. Writes nothing.
Result<std::unique_ptr<Disk>> open_posix_disk(const std::string& root);

}  // namespace store
