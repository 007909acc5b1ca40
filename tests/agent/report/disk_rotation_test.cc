#include "agent/report/disk_rotation.h"

#include "agent/report/check_words.h"
#include "agent/report/metrics.h"
#include "agent/report/page.h"
#include "agent/report/status_now.h"
#include "agent/report/status_text.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/text.h"

// Two disks that take turns at one mount point.

using agent::ExitStatus;
using test::contains;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

std::string id_of(store::Disk& disk) {
  const auto marker = store::read_marker(disk);
  REQUIRE(marker);
  REQUIRE(*marker);
  return (*marker)->id;
}

struct Rotation : pull_test::World {
  Rotation() {
    REQUIRE(store::write_marker(second, clock.now_s()));
    REQUIRE(store::Ledger::create(second));
    first_id = id_of(disk);
    second_id = id_of(second);
    config.disk.ids = {first_id, second_id};
    config.agent.on_alarm = "tell";
  }

  void plug_in_first() { other_disks.clear(); }
  void plug_in_second() { other_disks["/disk"] = &second; }

  std::string text() {
    command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::status_command(config, {}, world, print);
    });
    return printed.empty() ? "" : printed.front();
  }
  std::string check() {
    agent::StatusOptions options;
    options.check = true;
    command([&](const agent::Environment& world, const agent::Print& print) {
      return agent::status_command(config, options, world, print);
    });
    return printed.empty() ? "" : printed.front();
  }

  test::FaultDisk second;
  std::string first_id;
  std::string second_id;
};

}  // namespace

TEST_CASE("each of two disks is let in and catches up by itself, and a third is refused",
          "[rotation]") {
  Rotation world;
  world.server->put("b", "one", "1");
  CHECK(world.pull() == ExitStatus::kOk);
  world.plug_in_second();
  world.server->put("b", "two", "2");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 2);
  world.plug_in_first();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.gets_of("one") == 0);
  CHECK(world.gets_of("two") == 1);

  test::FaultDisk third;
  REQUIRE(store::write_marker(third, world.clock.now_s()));
  REQUIRE(store::Ledger::create(third));
  world.other_disks["/disk"] = &third;
  CHECK(world.pull() == ExitStatus::kNotNow);
  CHECK(world.lines_with(world.first_id + " or " + world.second_id + " is wanted") == 1);
  CHECK(third.files().count("site/archives/one") == 0);
}

TEST_CASE("the status remembers what the disk that is away held, and when it was last here",
          "[rotation]") {
  Rotation world;
  world.server->put("b", "one", "1");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.plug_in_second();
  world.pass(6 * 24h);
  world.server->put("b", "two", "2");
  REQUIRE(world.pull() == ExitStatus::kOk);

  const auto status = world.status();
  REQUIRE(status.disks.size() == 2);
  CHECK(status.disks[0].id == world.first_id);
  CHECK(status.disks[0].archives == 1);
  CHECK(status.disks[0].last_seen_at == world.clock.now_s() - 6 * 24h);
  REQUIRE(status.disks[0].newest.size() == 1);
  CHECK(status.disks[0].newest[0].key == "one");
  CHECK(status.disks[1].archives == 2);
  CHECK(status.disks[1].last_seen_at == world.clock.now_s());

  CHECK(
      contains(world.text(), world.first_id + " was last here 6d ago, and held 1 archive (1 byte"));
  CHECK(contains(world.text(), world.second_id + " is here now, with 2 archives"));
  CHECK(contains(world.check(), "the other disk was last here 6d ago, and held 1 archive"));
  CHECK(contains(world.check(), "'away_age'=518400s"));
  agent::Present present;
  present.now = world.clock.now_s();
  CHECK(contains(agent::to_page(status, present, {}), "was last here 6d ago, and held 1 archive"));
  CHECK(contains(agent::to_metrics(status),
                 "holdfast_rotated_disk_present{disk=\"" + world.first_id + "\"} 0"));
  CHECK(contains(agent::to_metrics(status),
                 "holdfast_rotated_disk_archives{disk=\"" + world.second_id + "\"} 2"));

  // What is there is seen without a pull.
  world.plug_in_first();
  CHECK(contains(world.text(), world.first_id + " is here now, with 1 archive"));
  CHECK(contains(world.text(), world.second_id + " was last here"));
}

TEST_CASE("a disk that was alone so far is known when a second one comes", "[rotation]") {
  Rotation world;
  world.config.disk.ids = {world.first_id};
  world.server->put("b", "one", "1");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.status().disks.empty());
  world.config.disk.ids = {world.first_id, world.second_id};
  world.pass(72h);
  world.plug_in_second();
  CHECK(contains(world.text(), world.first_id + " was last here 3d ago, and held 1 archive"));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(contains(world.text(), world.first_id + " was last here 3d ago, and held 1 archive"));
}

TEST_CASE("a disk that was not seen for long is one alarm, until it is here again", "[rotation]") {
  Rotation world;
  world.config.disk.rotate_every = 10 * 24h;
  world.server->put("b", "one", "1");
  const auto pulls_to = [&](ExitStatus status) {
    world.pass(24h);
    CAPTURE(world.lines);
    CHECK(world.pull() == status);
  };
  REQUIRE(world.pull() == ExitStatus::kOk);
  // Of the second one nothing is known but since when it is expected.
  for (int day = 0; day < 9; ++day) pulls_to(ExitStatus::kOk);
  pulls_to(ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"rotation"});
  CHECK(world.lines_with(world.second_id) == 1);
  CHECK(world.lines_with("has not been here since") == 1);
  CHECK(world.hooks.size() == 1);
  pulls_to(ExitStatus::kAlarm);
  CHECK(world.lines.empty());
  CHECK(world.hooks.empty());

  SECTION("what was acknowledged is not raised again for the same absence") {
    REQUIRE(world.ack() == ExitStatus::kOk);
    for (int day = 0; day < 15; ++day) pulls_to(ExitStatus::kOk);
  }
  SECTION("and the other one takes its turn") {
    world.plug_in_second();
    pulls_to(ExitStatus::kOk);
    world.plug_in_first();
    pulls_to(ExitStatus::kOk);
    CHECK(world.alarm_kinds().empty());
    for (int day = 0; day < 8; ++day) pulls_to(ExitStatus::kOk);
    pulls_to(ExitStatus::kAlarm);
    CHECK(world.lines_with("was last here 10d ago, with 1 archive") == 1);
    // A status file that is lost forgets when it was seen, and counts anew.
    world.status_text.reset();
    pulls_to(ExitStatus::kOk);
    CHECK(world.alarm_kinds().empty());
  }
  SECTION("and the configuration names one disk again") {
    world.config.disk.ids = {world.first_id};
    world.config.disk.rotate_every.reset();
    pulls_to(ExitStatus::kOk);
    CHECK(world.status().disks.empty());
  }
}
