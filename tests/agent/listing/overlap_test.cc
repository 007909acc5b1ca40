#include <thread>

#include "store/content/key_path.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

/// A disk on which another run is at work.
struct Occupied {
  World world;
  std::unique_ptr<store::DiskLock> lock = world.disk.lock(store::kLockPath).value();
  std::optional<store::LockHolder> holder;
  bool terminal = false;

  ExitStatus pull() {
    return in_turn([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::pull(world.config, {}, environment, print);
    });
  }
  ExitStatus ack() {
    return in_turn([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::ack_command(world.config, {"site", std::nullopt, false}, environment, print);
    });
  }
  template <typename Command>
  ExitStatus in_turn(const Command& run) {
    return world.command([&](agent::Environment environment, const agent::Print& print) {
      environment.terminal = terminal;
      environment.lock_holder = [this](const std::string&) { return holder; };
      return run(environment, print);
    });
  }
};

}  // namespace

TEST_CASE("a second pull is silent off a terminal, until the first has worked for a day",
          "[pull]") {
  Occupied disk;
  disk.world.config.agent.on_failure = "tell";
  const auto now = disk.world.clock.now_s();
  SECTION("after five minutes") {
    disk.holder = store::LockHolder{4711, now - 5min};
    CHECK(disk.pull() == ExitStatus::kNotNow);
    CHECK(disk.world.lines.empty());
    CHECK(disk.world.hooks.empty());
  }
  SECTION("after a day it is a failure like any other") {
    disk.holder = store::LockHolder{4711, now - 25h};
    CHECK(disk.pull() == ExitStatus::kNotNow);
    CHECK(disk.world.lines_with("(pid 4711) has been at work on this disk for 1d 1h") == 1);
    CHECK(disk.world.lines_with("kill 4711") == 1);
    REQUIRE(disk.world.hooks.size() == 1);
    CHECK(disk.world.hooks.front().at("HOLDFAST_EVENT") == "failure");
    CHECK(disk.world.hooks.front().at("HOLDFAST_EXIT_STATUS") == "75");
    CHECK(disk.pull() == ExitStatus::kNotNow);
    CHECK(disk.world.hooks.size() == 1);
  }
  SECTION("where nobody can tell how long") {
    CHECK(disk.pull() == ExitStatus::kNotNow);
    CHECK(disk.world.lines_with("another holdfast is at work on this disk") == 1);
  }
  CHECK_FALSE(disk.world.status_text);
}

TEST_CASE("at a terminal a second pull says which process is at work, and since when", "[pull]") {
  Occupied disk;
  disk.terminal = true;
  disk.holder = store::LockHolder{4711, disk.world.clock.now_s() - 5min};
  CHECK(disk.pull() == ExitStatus::kNotNow);
  CHECK(disk.world.lines_with("(pid 4711) has been at work on this disk for 5m, since 2") == 1);
}

TEST_CASE("ack waits for its turn", "[pull]") {
  Occupied disk;
  disk.holder = store::LockHolder{4711, disk.world.clock.now_s()};
  disk.terminal = true;
  SECTION("and gets it") {
    std::thread other([&] {
      std::this_thread::sleep_for(100ms);
      disk.lock.reset();
    });
    CHECK(disk.ack() == ExitStatus::kOk);
    other.join();
    CHECK(disk.world.lines_with("Waiting for it") == 1);
  }
  SECTION("unless somebody stops it") {
    std::thread other([&] {
      std::this_thread::sleep_for(100ms);
      disk.world.stop.store(true);
    });
    CHECK(disk.ack() == ExitStatus::kNotNow);
    other.join();
  }
}
