#pragma once

#include <atomic>
#include <string_view>

#include "store/disk/disk.h"
#include "store/disk/error.h"
#include "store/disk/posix_beneath.h"
#include "store/disk/posix_owner.h"

namespace store {

/// Gives names on one disk and takes them away. Each call does what the call of that name in
/// store/disk/disk.h says. Part of posix_disk; thread-safe. Both arguments outlive it.
class PosixNames {
 public:
  PosixNames(Beneath& beneath, const PosixOwner& owner) : beneath_(beneath), owner_(owner) {}

  Status rename_no_replace(std::string_view from, std::string_view to);
  Status rename_replace(std::string_view from, std::string_view to);
  Status link(std::string_view from, std::string_view to);
  Status link_file(File& file, std::string_view to);
  /// `flags` as for unlinkat(2): 0 removes a file, AT_REMOVEDIR an empty directory.
  Status remove(std::string_view path, int flags);

  /// True once a rename without replacing had to be done as a check followed by a rename.
  bool lacks_exclusive_rename() const { return no_exclusive_rename_; }

 private:
  Status rename_after_check(const Beneath::Place& from, const Beneath::Place& to,
                            std::string_view path);

  Beneath& beneath_;
  const PosixOwner& owner_;
  std::atomic<bool> no_exclusive_rename_ = false;
};

}  // namespace store
