#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/disk/disk.h"
#include "store/disk/posix_call.h"
#include "store/disk/posix_mode.h"

namespace store {

/// What a file is made of. Part of posix_disk.
struct OpenedFile {
  UniqueFd fd;
  std::uint64_t size_bytes = 0;  ///< now
  std::string path;              ///< for error messages
  bool direct = false;           ///< it was opened with O_DIRECT
  std::shared_ptr<PosixMode> mode;
};
std::unique_ptr<File> make_posix_file(OpenedFile opened);

/// The descriptor behind it; nullopt where it is no such file.
std::optional<int> descriptor_of(File& file);

}  // namespace store
