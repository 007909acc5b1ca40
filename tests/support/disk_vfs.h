#pragma once

#include <memory>
#include <string>

#include "store/disk/disk.h"

namespace test {

/// Lets SQLite keep its files on a store::Disk: each of its reads, writes, syncs, truncations and
/// removals is a call of Disk or File, and passes through whatever faults that has. Its locks do
/// nothing, and it has no shared memory. Temporary files stay in memory, outside the disk.
class DiskVfs {
 public:
  /// Registered under a name of its own until it is destroyed. Neither the disk nor this may go
  /// away while a connection is open.
  explicit DiskVfs(store::Disk& disk);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  const char* name() const;

 private:
  struct Registration;
  std::unique_ptr<Registration> registration_;
};

/// "3.40.1"
std::string sqlite_version();

}  // namespace test
