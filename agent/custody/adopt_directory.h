#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/custody/mirror_places.h"
#include "store/disk/disk.h"

namespace agent {

/// The directory that another tool has filled. This class writes to no file in it and follows no
/// symbolic link. It does not see what belongs to a holdfast mirror. Errors are the directory's.
class AdoptDirectory {
 public:
  /// Both arguments outlive it.
  AdoptDirectory(store::Disk& disk, const MirrorPlaces& mirror)
      : disk_(disk), mirror_(mirror), ours_(mirror.paths_below(disk)) {}

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
  enum class Removal {
    kRemoved,
    kChanged,       ///< since it was found
    kIsTheArchive,  ///< by another path: without this name it would be gone
  };
  /// Removes a file that still is as it was found, and without which the archive at `archive_path`
  /// on the mirror's disk remains. Else it removes nothing.
  store::Result<Removal> remove(const File& file, const std::string& archive_path);

 private:
  std::string at(std::string_view path) const;
  bool is_ours(std::string_view path) const;
  bool leads_into_mirror(const std::string& directory);
  bool descend(const std::string& directory, const std::function<bool(const File&)>& visit,
               const std::function<void(const store::Error&)>& unreadable);

  store::Disk& disk_;
  const MirrorPlaces& mirror_;
  const std::vector<std::string> ours_;  ///< paths below the directory
  std::string looked_at_;                ///< the directory that was looked at last
  bool it_leads_there_ = false;          ///< into the mirror
};

}  // namespace agent
