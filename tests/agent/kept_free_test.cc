#include <fmt/format.h>

#include "store/posix_disk.h"
#include "tests/agent/pull_world.h"
#include "tests/support/temp_dir.h"

// What a plan needs for a moment lies on the mirror's disk, and `min_free` holds for it too.

using agent::ExitStatus;
using pull_test::World;

namespace {

/// On a disk of this machine, where SQLite makes its own files.
struct RealDisk {
  RealDisk() {
    REQUIRE(disk);
    REQUIRE(store::write_marker(**disk, world.clock.now_s()));
    REQUIRE(store::Ledger::create(**disk));
  }
  ExitStatus pull() {
    return world.command([&](const agent::Environment& outside, const agent::Print& print) {
      auto here = outside;
      here.open_disk = [&](const std::string&) { return store::open_posix_disk(directory.path()); };
      return agent::pull(world.config, {}, here, print);
    });
  }

  const test::TempDir directory;
  store::Result<std::unique_ptr<store::Disk>> disk = store::open_posix_disk(directory.path());
  World world;
};

}  // namespace

TEST_CASE("a mirror that is full goes on watching, whatever becomes of the bucket", "[pull]") {
  // So many that what is planned for them does not stay in memory.
  constexpr int kMany = 3000;
  RealDisk real;
  auto& world = real.world;
  const auto put_all = [&](const std::string& content) {
    for (int i = 0; i < kMany; ++i) world.server->put("b", fmt::format("db/{}", i), content);
  };
  put_all("content");
  REQUIRE(real.pull() == ExitStatus::kOk);
  const auto space = (*real.disk)->space();
  REQUIRE(space);
  world.config.disk.min_free_bytes = space->free_bytes + space->free_bytes / 2;
  put_all("encrypted");
  world.server->put("b", "new", "content");
  CHECK(real.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().hold);
  CHECK(world.alarm_kinds() == std::vector<std::string>{"mass-change"});
}

TEST_CASE("a plan that finds no room above half of min_free ends the run, and says so", "[pull]") {
  RealDisk real;
  auto& world = real.world;
  world.server->make_synthetic_bucket("b", 40'000);
  world.config.disk.min_free_bytes = std::uint64_t{1} << 60;
  const auto ended = real.pull();
  CAPTURE(world.lines);
  CHECK(ended == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("less than half of \"min_free\"") == 1);
  CHECK(world.lines_with("the disk is full") == 0);
}
