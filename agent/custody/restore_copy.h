#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "agent/custody/restore_selection.h"
#include "store/disk/disk.h"

namespace agent {

/// What became of one content.
struct Restored {
  enum class What {
    kCopied,
    kThere,       ///< the target has it already
    kInTheWay,    ///< something else has its name at the target, or the target refuses the name
    kDamaged,     ///< the copy on the mirror is not what was recorded
    kMirrorGone,  ///< nothing can be read from the mirror any more
    kStopped,     ///< the run is to end; the partial copy stays for the next one
  };
  What what = What::kCopied;
  std::string detail;  ///< what is wrong, for a person
};

/// Copies contents from one disk to another. A content is written to `NAME.holdfast-part`, where an
/// earlier run may have left its beginning. It gets its name once it was synced, read back from the
/// device and found to have the recorded SHA-256. What could be read of a damaged content is kept
/// as `NAME.damaged`. No existing file is ever replaced. An error is the target's and ends the
/// restore.
class RestoreCopy {
 public:
  /// `mirror_below` says where the mirror lies below the target; it is empty where it does not.
  /// `keep_going` is asked between chunks, and `copied` is told how many bytes each chunk had. Both
  /// disks outlive it.
  RestoreCopy(store::ReadableDisk& mirror, store::Disk& target, std::string mirror_below,
              std::function<bool()> keep_going, std::function<void(std::uint64_t)> copied);

  /// How many bytes of the content the target still lacks.
  store::Result<std::uint64_t> missing_bytes(const Restorable& content);

  /// Copies one content. Its bytes are durable on return, and its name with the next sync().
  store::Result<Restored> restore(const Restorable& content);

  /// Makes the names of all that was restored durable.
  store::Status sync();

 private:
  struct Chunks {
    std::uint64_t end_bytes = 0;
    std::string detail;  ///< why reading ended before that
    bool stopped = false;
  };

  store::Result<Restored> compare_with_existing(const Restorable& content, store::FileInfo info);
  store::Result<Restored> copy(const Restorable& content);
  store::Result<Restored> fill(const Restorable& content, const std::string& part,
                               store::File& from, store::File& to);
  store::Result<Restored> give_name(const Restorable& content, const std::string& part);
  store::Result<Restored> keep_aside(const Restorable& content, const std::string& part,
                                     std::uint64_t size_bytes, const std::string& detail);
  store::Result<Restored> damaged(std::string detail);
  store::Result<Chunks> copy_bytes(store::File& from, store::File& to, std::uint64_t begin,
                                   std::uint64_t end);
  store::Result<bool> make_directories(const std::string& path);
  store::Status remember(const std::string& directory);

  store::ReadableDisk& mirror_;
  store::Disk& target_;
  const std::string mirror_below_;
  const std::uint64_t largest_file_bytes_;
  const std::function<bool()> keep_going_;
  const std::function<void(std::uint64_t)> copied_;
  std::set<std::string> unsynced_;  // directories
};

}  // namespace agent
