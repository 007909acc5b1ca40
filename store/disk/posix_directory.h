#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <memory>

namespace store {

/// What the directories of the disk's state and archives are made with: nothing for others.
inline constexpr mode_t kDirectoryMode = S_IRWXU | S_IRGRP | S_IXGRP;

/// A directory that is open for listing, until it is destroyed.
struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

}  // namespace store
