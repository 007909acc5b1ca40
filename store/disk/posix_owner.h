#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "store/disk/error.h"

namespace store {

/// To whom belongs what is made on a mirror. As root: to the owner of `.holdfast/`, so that what a
/// command by hand has made can be read and replaced by the scheduled run, which is another user's.
/// As anybody else, and where root owns that directory or there is none: to whoever runs.
/// Filesystems that know no owners go on without.
class PosixOwner {
 public:
  explicit PosixOwner(int root_directory);

  void give(int file) const;
  void give(int directory, const std::string& name) const;

  /// Likewise for a file that another program has made; false where it stays that one's.
  bool make_ours(int file) const;

 private:
  struct Owner {
    uid_t user;
    gid_t group;
  };
  std::optional<Owner> owner_;
};

/// As root, where there is a user of that name on this system: makes `root`/.holdfast, and gives it
/// and `root` to that user, where they are root's. Else it does nothing.
Status give_mirror_to(const std::string& user, const std::string& root);

}  // namespace store
