#pragma once

#include <string>

namespace store {

/// What the system says about the filesystem of an open directory. Part of posix_disk.
std::string filesystem_name_of(int directory);

/// True when syncfs() on this directory reaches the device and reports what it could not write.
bool can_sync_filesystem(int directory);

}  // namespace store
