#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/disk.h"

namespace agent {

/// The directory that another tool has filled. Nothing in it is written to, no symbolic link is
/// followed, and what belongs to a holdfast mirror's own is not seen. Errors are the directory's.
class AdoptDirectory {
 public:
  /// `ours`: the paths below it that are the mirror's.
  AdoptDirectory(store::Disk& disk, std::vector<std::string> ours)
      : disk_(disk), ours_(std::move(ours)) {}

  struct File {
    std::string path;
    store::FileInfo info;
  };
  struct Found {
    std::optional<File> file;  ///< a regular one
    std::string trouble;       ///< none, because of this; empty: there is nothing
  };
  /// The first of these paths that a file of this size has; else that any file has.
  store::Result<Found> find(const std::vector<std::string>& paths, std::uint64_t size_bytes);

  /// Every regular file, in no order, until `visit` says false. A directory that cannot be read is
  /// told to `unreadable`, and left out.
  void visit(const std::function<bool(const File&)>& visit,
             const std::function<void(const store::Error&)>& unreadable);

  store::Result<std::unique_ptr<store::File>> open(const File& file) {
    return disk_.open_to_read(file.path);
  }
  /// Removes it, where it still is as it was found; false where it is not.
  store::Result<bool> remove(const File& file);

 private:
  bool is_ours(std::string_view path) const;
  bool descend(const std::string& directory, const std::function<bool(const File&)>& visit,
               const std::function<void(const store::Error&)>& unreadable);

  store::Disk& disk_;
  const std::vector<std::string> ours_;
};

}  // namespace agent
