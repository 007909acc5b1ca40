#include "store/content/unsynced_directories.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"

using store::UnsyncedDirectories;
using test::FaultDisk;

namespace {

// Which directories are synced, in their order.
std::vector<std::string> watch(FaultDisk& disk, UnsyncedDirectories& directories) {
  std::vector<std::string> synced;
  disk.set_hook([&](std::string_view operation, std::string_view path) {
    if (operation == "sync directory") synced.emplace_back(path);
    return std::nullopt;
  });
  REQUIRE(directories.sync());
  disk.set_hook({});
  return synced;
}

void make(FaultDisk& disk, const std::vector<std::string>& directories) {
  for (const auto& directory : directories) REQUIRE(disk.make_directory(directory));
}

}  // namespace

TEST_CASE("a placed file has its directory and all above it synced, once") {
  FaultDisk disk;
  make(disk, {"s", "s/superseded", "s/superseded/a"});
  UnsyncedDirectories directories(disk);
  directories.note_placed("s/superseded/a/one");
  CHECK(watch(disk, directories) ==
        std::vector<std::string>{"", "s", "s/superseded", "s/superseded/a"});
  directories.note_placed("s/superseded/a/two");
  CHECK(watch(disk, directories) == std::vector<std::string>{"s/superseded/a"});
  directories.forget_used();
  directories.note_placed("s/superseded/a/three");
  CHECK(watch(disk, directories).size() == 4);
}

TEST_CASE("what lies beside the archives is durable before the archives are") {
  FaultDisk disk;
  make(disk, {"s", "s/archives", "s/superseded"});
  UnsyncedDirectories directories(disk);
  directories.note_changed("s/archives");
  directories.note_changed("s/superseded");
  CHECK(watch(disk, directories) == std::vector<std::string>{"s/superseded", "s/archives"});
}

TEST_CASE("a key that is called as the archives are does not make its directory one of them") {
  FaultDisk disk;
  make(disk, {"s", "s/archives", "s/damaged", "s/damaged/archives", "s/damaged/archives/b"});
  UnsyncedDirectories directories(disk);
  directories.note_changed("s/archives");
  directories.note_changed("s/damaged/archives/b");
  CHECK(watch(disk, directories) == std::vector<std::string>{"s/damaged/archives/b", "s/archives"});
}

TEST_CASE("a failed sync of directories is never repeated") {
  FaultDisk disk;
  make(disk, {"s"});
  UnsyncedDirectories directories(disk);
  directories.note_changed("s");
  disk.fail_at(1, test::Fault::kIoError);
  CHECK_FALSE(directories.sync());
  disk.heal();
  disk.reset_counts();
  CHECK_FALSE(directories.sync());
  CHECK(disk.counts().directory_syncs == 0);
}
