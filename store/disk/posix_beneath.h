#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "store/disk/error.h"
#include "store/disk/posix_call.h"

namespace store {

/// Opens names beneath one directory. Never leaves it and never follows a symbolic link, whoever
/// changes the tree meanwhile. Part of posix_disk; thread-safe.
///
/// Nothing is cached: an open costs one openat2() whatever the depth, and a kept handle of a
/// directory would go on naming it after it was moved away.
class Beneath {
 public:
  explicit Beneath(UniqueFd root);

  int root() const { return root_.get(); }

  /// `flags` as for open(2); "" is the root itself. `action` is for the error's detail.
  Result<UniqueFd> open(std::string_view path, int flags, mode_t mode,
                        std::string_view action) const;

  /// The directory that holds a name, for the calls that take both.
  struct Place {
    UniqueFd opened;
    int directory = -1;
    std::string name;
  };
  Result<Place> place_of(std::string_view path, std::string_view action) const;

 private:
  int open_at_once(const std::string& path, int flags, mode_t mode) const;
  int open_step_by_step(std::string_view path, int flags, mode_t mode) const;

  UniqueFd root_;
  bool has_openat2_ = false;
};

}  // namespace store
