#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/disk.h"

namespace agent {

/// The directory that another tool has filled. This class writes to no file in it and follows no
/// symbolic link. It does not see what belongs to a holdfast mirror. Errors are the directory's.
class AdoptDirectory {
 public:
  /// `ours` are the paths below the directory that belong to the mirror. `disk` outlives it.
  AdoptDirectory(store::Disk& disk, std::vector<std::string> ours)
      : disk_(disk), ours_(std::move(ours)) {}

  struct File {
    std::string path;
    store::FileInfo info;
  };
  struct Found {
    std::optional<File> file;  ///< a regular file
    std::string trouble;       ///< why there is no file; empty: nothing lies there
  };
  /// Finds the file at the first of `paths` that has a file of this size; where none has, the file
  /// at the first of them that has any.
  store::Result<Found> find(const std::vector<std::string>& paths, std::uint64_t size_bytes);

  /// Calls `visit` with every regular file, in no order, until it returns false. Calls `unreadable`
  /// with the error of a directory that cannot be read, and goes on.
  void visit(const std::function<bool(const File&)>& visit,
             const std::function<void(const store::Error&)>& unreadable);

  store::Result<std::unique_ptr<store::File>> open(const File& file) {
    return disk_.open_to_read(file.path);
  }
  /// Removes a file that still is as it was found. Returns false, and removes nothing, where it has
  /// changed.
  store::Result<bool> remove(const File& file);

 private:
  bool is_ours(std::string_view path) const;
  bool descend(const std::string& directory, const std::function<bool(const File&)>& visit,
               const std::function<void(const store::Error&)>& unreadable);

  store::Disk& disk_;
  const std::vector<std::string> ours_;
};

}  // namespace agent
