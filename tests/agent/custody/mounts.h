#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/below.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sub_disk.h"

namespace custody_test {

/// How a mount shows the files of the disk.
enum class Shown {
  kAsTheyAre,     ///< a bind mount
  kAsOnNetwork,   ///< under a device of its own
  kUnderNumbers,  ///< and with numbers of its own
};

/// A directory of a disk, as a disk of its own that is mounted at a path.
class MountedDisk : public test::SubDisk {
 public:
  MountedDisk(test::FaultDisk& disk, std::string directory, std::string path, Shown shown)
      : SubDisk(disk, std::move(directory)), disk_(disk), path_(std::move(path)), shown_(shown) {}

  std::string root_path() const override { return path_; }

  std::optional<store::FileIdentity> identity(std::string_view path) const {
    auto identity = disk_.identity(at(path));
    if (identity && shown_ != Shown::kAsTheyAre) ++identity->device;
    if (identity && shown_ == Shown::kUnderNumbers) ++identity->inode;
    return identity;
  }

 private:
  test::FaultDisk& disk_;
  const std::string path_;
  const Shown shown_;
};

/// What lies at the paths of the system that a world is in.
class Mounts {
 public:
  explicit Mounts(pull_test::World& world) : world_(world) {
    world.file_identity = [this](const std::string& path) { return identity(path); };
    add(world.disk, "", "/disk");
  }

  /// Its files are looked at there; who opens the path is told by the world.
  MountedDisk& add(test::FaultDisk& disk, const std::string& directory, const std::string& path,
                   Shown shown = Shown::kAsTheyAre) {
    auto& made = disks_.emplace_back(disk, directory, path, shown);
    at_[path] = &made;
    return made;
  }
  /// The directory of the mirror's disk is at this path too.
  MountedDisk& mount(const std::string& directory, const std::string& path,
                     Shown shown = Shown::kAsTheyAre) {
    auto& made = add(world_.disk, directory, path, shown);
    world_.other_disks[path] = &made;
    return made;
  }

 private:
  // None of these paths leads on from another.
  store::Result<std::optional<store::FileIdentity>> identity(const std::string& path) const {
    for (const auto& [root, disk] : at_) {
      if (const auto there = agent::below(root, path)) return disk->identity(*there);
    }
    return std::nullopt;
  }

  pull_test::World& world_;
  std::deque<MountedDisk> disks_;
  std::map<std::string, MountedDisk*> at_;
};

}  // namespace custody_test
