#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/disk/disk.h"
#include "store/disk/error.h"

namespace store {

/// The directories of one disk in which names have changed and are not durable yet. Whoever gives
/// or takes away names notes it here, and sync() makes all of them durable at once. The disk
/// outlives it. Memory stays bounded, however many directories a run uses.
class UnsyncedDirectories {
 public:
  explicit UnsyncedDirectories(Disk& disk) : disk_(disk) {}

  /// A name in this directory was given or taken away.
  void note_changed(std::string directory);
  /// The directory is there, and its own name has to be durable. A directory that was there before
  /// counts too: its maker may have been killed before it synced.
  void note_used(const std::string& directory);
  /// A file has this path: notes its directory as changed and that and all above it as used.
  void note_placed(std::string_view path);

  /// True when the directory was noted as used, and no forget_used() has come since.
  bool is_used(const std::string& directory) const { return used_.contains(directory); }
  /// Directories that were used may be gone: each is looked at and noted anew.
  void forget_used() { used_.clear(); }

  /// On success every change that was noted survives a power cut. Up to 16 directories are synced
  /// one by one, those of archives/ last; more are synced with one sync of the filesystem, where it
  /// has that. After a failure each further call returns the same error: the kernel reports a lost
  /// write once, and asking again would only hear that all is well.
  Status sync();

 private:
  Status sync_each();

  Disk& disk_;
  /// Directories whose own name, and all above it, is durable or will be with the next sync().
  std::set<std::string> used_;
  std::set<std::string> changed_;
  std::optional<Error> failed_sync_;
};

}  // namespace store
