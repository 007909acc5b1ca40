#include "store/posix_disk.h"
#include "tests/agent/pull_world.h"
#include "tests/support/temp_dir.h"

// What a plan needs for a moment lies on the mirror's disk, and `min_free` holds for it too.

using agent::ExitStatus;
using pull_test::World;

TEST_CASE("a plan that finds no room above min_free ends the run, and says so", "[pull]") {
  const test::TempDir directory;
  auto disk = store::open_posix_disk(directory.path());
  REQUIRE(disk);
  World world;
  REQUIRE(store::write_marker(**disk, world.clock.now_s()));
  REQUIRE(store::Ledger::create(**disk));
  world.server->make_synthetic_bucket("b", 40'000);
  world.config.disk.min_free_bytes = std::uint64_t{1} << 60;
  const auto ended = world.command([&](const agent::Environment& outside,
                                       const agent::Print& print) {
    auto here = outside;
    here.open_disk = [&](const std::string&) { return store::open_posix_disk(directory.path()); };
    return agent::pull(world.config, {}, here, print);
  });
  CAPTURE(world.lines);
  CHECK(ended == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("less than \"min_free\"") == 1);
  CHECK(world.lines_with("the disk is full") == 0);
}
