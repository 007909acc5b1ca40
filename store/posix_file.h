#pragma once

#include <memory>
#include <string>

#include "store/disk.h"
#include "store/posix_call.h"

namespace store {

/// The file behind an open descriptor. Part of posix_disk. `path` is for error messages.
std::unique_ptr<File> make_posix_file(UniqueFd fd, std::string path);

}  // namespace store
