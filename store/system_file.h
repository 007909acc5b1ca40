#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/error.h"

namespace store {

/// Small files of this system, outside the mirror: the status file.
///
/// Replaces `path` atomically (a new file in the same directory, fsync, rename, fsync of the
/// directory) with a file that everybody may read (0644). On failure the old file is as it was.
Status replace_system_file(const std::string& path, std::string_view content);

/// nullopt when there is no such file; kIo for one over 64 MiB.
Result<std::optional<std::string>> read_system_file(const std::string& path);

}  // namespace store
