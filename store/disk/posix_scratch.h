#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "store/disk/error.h"
#include "store/disk/posix_call.h"

namespace store {

/// How the name of each scratch directory begins.
inline constexpr std::string_view kScratchPrefix = ".holdfast-drill-";

/// A directory of one run's own, below any directory of this system, for what is restored for a
/// while. It is locked as long as this object lives, or another process has its lock() open; one
/// that nobody has locked was left by a crash. In it:
///   restored/  what was restored
///   work/      for whatever works on that
///   files      the list of what was restored
/// Nothing is removed but by remove().
class Scratch {
 public:
  static Result<Scratch> make(const std::string& parent);

  const std::string& path() const { return path_; }
  std::string restored() const { return path_ + "/restored"; }
  std::string work() const { return path_ + "/work"; }
  std::string list() const { return path_ + "/files"; }
  int lock() const { return directory_.get(); }

  /// All that is in it belongs to that user from now on, who may do there what they like; the
  /// directory itself stays ours. kNotSupported where the filesystem knows no owners.
  Status give_to(uid_t user, gid_t group);

  /// Removes it with all that is in it, whatever was made of that. No symbolic link is followed.
  Status remove();

 private:
  Scratch(std::string path, UniqueFd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  UniqueFd directory_;
};

/// Removes the scratch directories below `parent` that a crash left, where we may, and tells how
/// many. One that somebody still works in stays. No such parent: none.
Result<std::uint64_t> remove_left_scratches(const std::string& parent);

}  // namespace store
