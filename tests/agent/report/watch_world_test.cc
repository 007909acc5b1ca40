#include "agent/report/status_now.h"
#include "store/ledger/database.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/text.h"

// `status` says what is true now, although nothing has run since.

using agent::ExitStatus;
using pull_test::World;
using test::contains;

namespace {

struct Answer {
  ExitStatus exit = ExitStatus::kOk;
  std::string said;
};

Answer ask(World& world, const agent::StatusOptions& options = {}) {
  const auto exit = world.command([&](const auto& environment, const auto& print) {
    return agent::status_command(world.config, options, environment, print);
  });
  std::string said;
  for (const auto& text : world.printed) said += text + "\n";
  return {exit, said};
}

Answer check(World& world, std::optional<std::chrono::seconds> max_age = std::nullopt) {
  return ask(world, {"", false, true, max_age, ""});
}

int number(ExitStatus exit) { return static_cast<int>(exit); }

void hold_something(World& world) {
  for (const char* key : {"a", "b", "c"}) world.server->put("b", key, key);
  REQUIRE(world.pull() == ExitStatus::kOk);
}

}  // namespace

TEST_CASE("a dead cron is noticed by the text, the check and the page", "[pull][watch]") {
  World world;
  world.config.agent.html_file = "page.html";
  hold_something(world);
  CHECK(number(check(world).exit) == 0);
  CHECK(contains(ask(world).said, "ok (all is well)"));
  world.pass(std::chrono::hours{25});
  CHECK(number(check(world).exit) == 0);
  CHECK(number(check(world, std::chrono::hours{24}).exit) == 2);
  world.pass(std::chrono::hours{47});
  const auto checked = check(world);
  CHECK(number(checked.exit) == 2);
  CHECK(checked.said.starts_with("HOLDFAST CRITICAL: no pull for 3d"));
  const auto told = ask(world);
  CHECK(told.exit == ExitStatus::kOk);
  CHECK(contains(told.said, "no pull for 3d"));
  CHECK_FALSE(contains(told.said, "all is well"));
  CHECK(ask(world, {"", false, false, {}, "page.html"}).exit == ExitStatus::kOk);
  CHECK(contains(world.other_files.at("page.html"), "no pull for 3d"));
}

TEST_CASE("a mirror that was never pulled is not called well", "[watch]") {
  World world;
  const auto told = ask(world);
  CHECK(told.exit == ExitStatus::kOk);
  CHECK(told.said.starts_with("holdfast on pi: never pulled"));
  CHECK(contains(told.said, "holdfast pull"));
  CHECK(number(check(world).exit) == 3);
}

TEST_CASE("a status that is no status file is unknown", "[watch]") {
  World world;
  hold_something(world);
  world.status_text = "{";
  CHECK(number(check(world).exit) == 3);
  CHECK(contains(ask(world).said, "the status file cannot be read"));
  world.status_text.reset();
  world.clock.advance(std::chrono::hours{1});
  hold_something(world);
  world.clock.advance(-std::chrono::hours{2});
  CHECK(number(check(world).exit) == 3);
  CHECK(contains(ask(world).said, "from the future"));
}

TEST_CASE("what became of the disk since the last run is seen", "[pull][watch]") {
  World world;
  hold_something(world);
  std::string says;
  int ends = 2;
  SECTION("its ledger is deleted") {
    says = "the ledger is missing";
    REQUIRE(world.disk.remove_file(std::string(store::kLedgerPath)));
  }
  SECTION("its ledger is from a newer holdfast") {
    says = "the ledger is from a newer holdfast";
    auto database = store::Database::open(world.disk, std::string(store::kLedgerPath),
                                          store::DatabaseMode::kReadWrite);
    REQUIRE(database);
    REQUIRE(database->run_script("PRAGMA user_version=9999"));
  }
  SECTION("it is unplugged") {
    says = "the disk is absent";
    ends = 1;
    world.other_disks["/disk"] = nullptr;
  }
  SECTION("it is another one") {
    says = "another disk is there";
    ends = 1;
    world.config.disk.ids = {"of-another"};
  }
  SECTION("it is mounted read-only") {
    says = "the disk is read-only";
    world.read_only = true;
  }
  CHECK(ask(world).said.starts_with("holdfast on pi: " + says));
  const auto checked = check(world);
  CHECK(number(checked.exit) == ends);
  CHECK(contains(checked.said, says));
}

TEST_CASE("a run whose process is gone was killed", "[pull][watch]") {
  World world;
  hold_something(world);
  auto status = world.status();
  CHECK(status.pid == 0);
  status.state = agent::RunState::kRunning;
  status.pid = 4711;
  status.exit_status.reset();
  status.updated_at = world.clock.now_s();
  world.status_text = agent::to_json(status);
  CHECK(contains(ask(world).said, "running since"));
  CHECK(number(check(world).exit) == 0);
  SECTION("there is no such process") { world.processes_are_gone = true; }
  SECTION("its number is another one's by now") { world.clock.advance(std::chrono::hours{1}); }
  CHECK(contains(ask(world).said, "was killed"));
  CHECK(number(check(world).exit) == 1);
}

TEST_CASE("a source that left the configuration is scrubbed and shown with its alarms",
          "[pull][watch]") {
  World world;
  hold_something(world);
  world.server->make_bucket("other");
  world.add_source("second", "other");
  world.server->put("other", "x", "x");
  REQUIRE(world.pull() == ExitStatus::kOk);
  std::swap(world.config.sources[0], world.config.sources[1]);
  world.config.sources.pop_back();
  world.disk.plant("site/archives/a", "A");
  world.pass(std::chrono::hours{24 * 31});
  CHECK(world.pull() == ExitStatus::kAlarm);
  const auto left = world.source("site");
  CHECK_FALSE(left.configured);
  CHECK(left.archives == 3);
  CHECK(left.alarm_kinds == std::map<std::string, std::uint64_t>{{"corrupt", 1}});
  const auto told = ask(world).said;
  CHECK(contains(told, "1 of 2 sources needs you: site: 1 corrupt, left the configuration"));
  CHECK(number(check(world).exit) == 2);
  // Its alarms can be ended, and what is left of it does not come back.
  CHECK(world.ack(left.alarms.at(0).id) == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source("site").archives == 2);
}

TEST_CASE("nothing is asked of the bucket of a paused source", "[pull][watch]") {
  World world;
  hold_something(world);
  world.site().enabled = false;
  world.site().expect_every = std::chrono::hours{24};
  world.server->put("b", "d", "d");
  world.pass(std::chrono::hours{48});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->journal().empty());
  CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
  CHECK(world.server->journal().empty());
  CHECK(world.source().archives == 3);
  CHECK(world.alarm_kinds().empty());
  const auto told = ask(world).said;
  CHECK(contains(told, "paused"));
  CHECK(contains(told, "ok (all is well)"));
}

TEST_CASE("the metrics are written when a run begins, ends and fails", "[pull][watch]") {
  World world;
  world.config.agent.metrics_file = "holdfast.prom";
  hold_something(world);
  auto& metrics = world.other_files["holdfast.prom"];
  CHECK(contains(metrics, "\nholdfast_exit_status 0\n"));
  CHECK(contains(metrics, "\nholdfast_source_archives{source=\"site\"} 3\n"));
  CHECK(contains(metrics, "\nholdfast_source_last_success_timestamp_seconds{source=\"site\"} " +
                              std::to_string(world.clock.now_s().time_since_epoch().count())));
  CHECK(contains(metrics, "\nholdfast_run_in_progress 0\n"));
  world.other_disks["/disk"] = nullptr;
  CHECK(world.pull() == ExitStatus::kNotNow);
  CHECK(contains(metrics, "\nholdfast_exit_status 75\n"));
  CHECK(contains(metrics, "\nholdfast_disk_present 0\n"));
  CHECK(contains(metrics, "\nholdfast_source_archives{source=\"site\"} 3\n"));
}

TEST_CASE("the nights are those that the bucket says, and follow what is held", "[pull][watch]") {
  World world;
  const auto put = [&](const std::string& key, int days_ago) {
    fake_s3::Object object;
    object.content = std::make_shared<fake_s3::MemoryContent>(key);
    object.last_modified = world.clock.now_s() - std::chrono::days{days_ago};
    world.server->put_object("b", key, std::move(object));
  };
  put("three", 3);
  put("two", 2);
  put("two-more", 2);
  put("long-ago", 200);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto today = std::chrono::floor<std::chrono::days>(world.clock.now_s());
  auto nights = world.source().nights.value();
  REQUIRE(nights.size() == 2);
  CHECK(nights[0].day == today - std::chrono::days{3});
  CHECK(nights[0].archives == 1);
  CHECK(nights[1].archives == 2);
  CHECK(nights[1].size_bytes == 11);
  put("one", 1);
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto counted = world.source().nights.value();
  CHECK(counted.size() == 3);
  // Without the file they are counted from the ledger, alike.
  world.status_text.reset();
  REQUIRE(world.pull() == ExitStatus::kOk);
  nights = world.source().nights.value();
  REQUIRE(nights.size() == counted.size());
  for (std::size_t i = 0; i < nights.size(); ++i) {
    CHECK(nights[i].day == counted[i].day);
    CHECK(nights[i].archives == counted[i].archives);
    CHECK(nights[i].size_bytes == counted[i].size_bytes);
  }
}

TEST_CASE("status of an unknown source is a mistake", "[watch]") {
  World world;
  hold_something(world);
  CHECK(ask(world, {"site", false, false, {}, ""}).exit == ExitStatus::kOk);
  CHECK(ask(world, {"stie", false, true, {}, ""}).exit == ExitStatus::kUsage);
  CHECK(world.lines_with("there is no [source stie]") == 1);
}
