#include "tests/agent/pull/pull_world.h"

// A content that the bucket had before, and has again.

using agent::ExitStatus;
using pull_test::World;

TEST_CASE("what comes back is taken from beside the archives, and not over the wire", "[pull]") {
  World world;
  world.site().on_change = agent::OnChange::kGenerations;
  world.server->put("b", "k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "the second one");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "the first content");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "the first content");
  CHECK(world.gets_of("k") == 0);
}
