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
    kInTheWay,    ///< something at the target has its name, or it cannot have it there
    kDamaged,     ///< the copy on the mirror is not what was recorded
    kMirrorGone,  ///< nothing can be read any more
    kStopped,     ///< the partial copy stays for the next run
  };
  What what = What::kCopied;
  std::string detail;  ///< what is wrong, for a person
};

/// Copies contents from one disk to another. A content comes into being as `NAME.holdfast-part`,
/// where an earlier run may have left the beginning of it; it gets its name once it was synced,
/// read back from the device and found to have the recorded SHA-256. What could be read of a
/// damaged one becomes `NAME.damaged`. No existing file is ever replaced. Errors are the target's:
/// they end the restore.
class RestoreCopy {
 public:
  /// `mirror_below`: where the mirror lies below the target; empty: it does not. `keep_going` is
  /// asked between chunks, `copied` told how many bytes each had.
  RestoreCopy(store::ReadableDisk& mirror, store::Disk& target, std::string mirror_below,
              std::function<bool()> keep_going, std::function<void(std::uint64_t)> copied);

  /// How many bytes the target still lacks of it.
  store::Result<std::uint64_t> missing_bytes(const Restorable& content);

  store::Result<Restored> restore(const Restorable& content);

  /// Makes the names durable.
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
