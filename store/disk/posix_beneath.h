#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/disk/error.h"
#include "store/disk/posix_call.h"

namespace store {

/// Opens names beneath one directory. Never leaves it and never follows a symbolic link, whoever
/// changes the tree meanwhile. Part of posix_disk; thread-safe.
///
/// An open costs one openat2() whatever the depth. Nothing is kept open for longer than it takes to
/// make many names durable at once: a kept handle of a directory goes on naming it after it was
/// moved away.
class Beneath {
 public:
  explicit Beneath(UniqueFd root);

  int root() const { return root_.get(); }

  /// `flags` as for open(2); "" is the root itself. `action` is for the error's detail.
  Result<UniqueFd> open(std::string_view path, int flags, mode_t mode,
                        std::string_view action) const;

  /// The directory that holds a name, for the calls that take both.
  struct Place {
    std::shared_ptr<const UniqueFd> opened;
    int directory = -1;
    std::string name;
  };
  Result<Place> place_of(std::string_view path, std::string_view action) const;
  /// Likewise; the directory stays open until release() or forget(), for whatever else is wanted in
  /// it.
  Result<Place> kept_place_of(std::string_view path, std::string_view action);
  /// Closes what was kept open. An error where one of them no longer has its name: what was done in
  /// it since then lies elsewhere.
  Status release();
  /// Closes it, whatever has become of it.
  void forget();

 private:
  int open_at_once(const std::string& path, int flags, mode_t mode) const;
  int open_step_by_step(std::string_view path, int flags, mode_t mode) const;

  UniqueFd root_;
  bool has_openat2_ = false;
  std::mutex kept_mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<const UniqueFd>>> kept_;
};

}  // namespace store
