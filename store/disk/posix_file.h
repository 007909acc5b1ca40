#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/disk/disk.h"
#include "store/disk/posix_call.h"

namespace store {

/// The file behind an open descriptor. Part of posix_disk. `size_bytes` is what it has now, and
/// `path` is for error messages.
std::unique_ptr<File> make_posix_file(UniqueFd fd, std::uint64_t size_bytes, std::string path);

/// The descriptor behind it; nullopt where it is no such file.
std::optional<int> descriptor_of(File& file);

}  // namespace store
