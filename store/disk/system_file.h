#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/disk/error.h"

namespace store {

/// Small files of this system, outside the mirror: the status file, the configuration.
///
/// Replaces `path` atomically (a new file in the same directory, fsync, rename, fsync of the
/// directory) with a file that everybody may read (0644). A directory that is missing is made
/// (0755), but not the one above it. On failure the old file is as it was.
///
/// What a symbolic link of ours or root's leads to is replaced, or made where it is missing, and
/// not the link. What is no file (a device, a pipe) is left alone: kExists.
Status replace_system_file(const std::string& path, std::string_view content);

/// For a path that a person gives: as replace_system_file(), but a character device, a pipe, and
/// what a link to an open file leads to (/dev/stdout) are written into.
Status write_named_file(const std::string& path, std::string_view content);

/// nullopt when there is no such file; kIo for one over 64 MiB.
Result<std::optional<std::string>> read_system_file(const std::string& path);

/// A file that is written, durable and checked, and only lacks its name: what can fail has been
/// done before anything else is begun. Without place() it goes as if it had never been.
class StagedSystemFile {
 public:
  StagedSystemFile(std::string path, std::string staged_path, bool replaces);
  ~StagedSystemFile();
  StagedSystemFile(StagedSystemFile&& other) noexcept;
  StagedSystemFile(const StagedSystemFile&) = delete;
  StagedSystemFile& operator=(const StagedSystemFile&) = delete;
  StagedSystemFile& operator=(StagedSystemFile&&) = delete;

  /// Durably gives it its name. kExists where it replaces nothing and somebody made a file of that
  /// name since; that one stays.
  Status place();

 private:
  const std::string path_;
  std::string staged_path_;  ///< empty: it has its name
  const bool replaces_;
};

/// In the stead of a file that exists it gets that one's mode and owner. Else it is 0640, of the
/// directory's group where we may give it that, and a directory that is missing is made (0750), but
/// not the one above it. What is no file is left alone: kExists.
Result<StagedSystemFile> stage_system_file(const std::string& path, std::string_view content);

}  // namespace store
