#include <fmt/format.h>

#include "tests/agent/pull/pull_world.h"

// What is told first is what is graver, whenever in the run it was found.

using agent::ExitStatus;
using fake_s3::ObjectState;
using pull_test::World;

TEST_CASE("what is graver is told first though it was found last", "[pull]") {
  World world;
  world.config.agent.on_alarm = "tell";
  world.server->put("b", "held", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  // More than are told one by one, and all of them raised before a copy is read again.
  for (int i = 0; i < 30; ++i) {
    const auto key = fmt::format("closed-{:02}", i);
    world.server->put("b", key, "content");
    world.server->set_state("b", key, ObjectState::kSseC);
  }
  world.disk.plant("site/archives/held", "c0ntent");
  world.pass(std::chrono::hours(24 * 40));
  CHECK(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.alarm_kinds().size() == 31);
  REQUIRE(world.hooks.size() > 2);
  CHECK(world.hooks.front().at("HOLDFAST_ALARM_KIND") == "corrupt");
  CHECK(world.hooks[1].at("HOLDFAST_ALARM_KIND") == "unreadable");
}
