#include <fmt/format.h>

#include <cerrno>

#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::World;
using Names = std::vector<std::string>;

TEST_CASE("a pull with nothing new costs a request for each 1000 keys and not one write",
          "[pull]") {
  World world;
  world.server->make_synthetic_bucket("many", 1001);
  world.site().bucket = "many";

  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.source().archives == 1001);
  CHECK(world.source().verified_by ==
        std::map<std::string, std::uint64_t>{{"etag-md5", std::uint64_t{1001}}});
  CHECK(world.files_below("site/archives/") == 1001);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  // Three batches at most, and for each a flush, a few directories and the ledger's transaction.
  const auto counts = world.disk.counts();
  CAPTURE(counts.file_syncs, counts.directory_syncs, counts.filesystem_syncs);
  CHECK(counts.filesystem_syncs <= 3);
  CHECK(counts.file_syncs + counts.directory_syncs <= 60);

  const auto before = world.disk.files();
  CHECK((World::below(before, "site/") == World::below(world.disk.durable_files(), "site/")));
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().requests() == 2);
  CHECK(world.server->counters().listings == 2);
  CHECK(world.source().run.requests == 2);
  CHECK(world.source().run.listed == 1001);
  CHECK(world.source().run.fresh == 0);
  CHECK(world.disk.counts().bytes_written == 0);
  CHECK(world.disk.counts().file_syncs == 0);
  CHECK(world.disk.counts().filesystem_syncs == 0);
  CHECK((world.disk.files() == before));
}

TEST_CASE("as many workers as configured open as many connections", "[pull]") {
  World world;
  const unsigned parallel = GENERATE(1U, 4U);
  world.config.agent.parallel = parallel;
  for (int i = 0; i < 24; ++i) world.server->put("b", fmt::format("k{}", i), "content");
  world.server->lie({LieKind::kDelay, "GET", "", 20});
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().connections == parallel);
  CHECK(world.server->counters().requests() == 26);
}

TEST_CASE("the status tells what a run did and what is held", "[pull]") {
  World world;
  world.server->put("b", "db/1.tar", "first");
  world.server->put("b", "db/2.tar", "second one");
  REQUIRE(world.pull() == ExitStatus::kOk);

  const auto status = world.status();
  CHECK(status.state == agent::RunState::kOk);
  CHECK(status.exit_status == 0);
  CHECK(status.host == "pi");
  CHECK(status.started_at == world.clock.now_s());
  CHECK(status.finished_at == world.clock.now_s());
  CHECK(status.last_success_at == world.clock.now_s());
  CHECK(status.disk.present);
  CHECK(status.disk.path == "/disk");
  CHECK(status.disk.id.size() == 36);
  CHECK(status.disk.filesystem == "faultfs");
  CHECK(status.errors.empty());
  const auto source = world.source();
  CHECK(source.state == agent::RunState::kOk);
  CHECK(source.archives == 2);
  CHECK(source.size_bytes == 15);
  CHECK(source.run.listed == 2);
  CHECK(source.run.fresh == 2);
  CHECK(source.run.fresh_bytes == 15);
  CHECK(source.run.requests == 4);
  CHECK(source.run.retries == 0);
  REQUIRE(source.newest);
  CHECK(source.newest->held_since == world.clock.now_s());
  CHECK(source.last_attempt_at == world.clock.now_s());
  CHECK(source.last_success_at == world.clock.now_s());
  CHECK(world.archive("db/1.tar") == "first");
  CHECK(world.disk.finished("site/archives/db/1.tar") == true);
  const auto files = world.disk.files();
  CHECK(files.at("site/SHA256SUMS").find("  archives/db/2.tar\n") != std::string::npos);
}

TEST_CASE("a source that was not asked for keeps its last figures", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  world.server->put("other", "o", "content");
  world.add_source("second", "other");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.clock.advance(std::chrono::minutes(1));
  REQUIRE(world.pull({{"site"}, false, false}) == ExitStatus::kOk);
  CHECK(world.source("site").run.fresh == 0);
  CHECK(world.source("second").run.fresh == 1);
  CHECK(world.source("second").last_attempt_at < world.source("site").last_attempt_at);
  CHECK(world.server->counters().requests() == 1);

  CHECK(world.pull({{"nobody"}, false, false}) == ExitStatus::kUsage);
  CHECK(world.server->counters().requests() == 0);
}

TEST_CASE("a vanished content stays without an alarm", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  world.server->put("b", "l", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->erase("b", "k");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.vanished == 1);
  CHECK(world.source().archives == 2);
  CHECK(world.archive("k") == "content");
  CHECK(world.lines.empty());
}

TEST_CASE("nothing is concluded from a listing that did not end cleanly", "[pull]") {
  World world;
  for (int i = 0; i < 8; ++i) world.server->put("b", fmt::format("k{}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "new", "content");
  world.server->set_page_keys(4);
  const auto kind = GENERATE(LieKind::kCutXml, LieKind::kSamePage, LieKind::kNoToken,
                             LieKind::kErrorIn200, LieKind::kGarbageXml);
  CAPTURE(static_cast<int>(kind));
  // The first page is right, unless the lie begins there.
  const int from = kind == LieKind::kSamePage ? 1 : 2;
  world.server->lie({kind, "GET", std::string(fake_s3::kListing), 0, "", from});
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.source().run.vanished == 0);
  CHECK(world.source().archives == 8);
  CHECK(world.lines_with("What is held stays") == 1);

  world.server->clear_lies();
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 9);
}

TEST_CASE("no download begins after max_runtime, and the next run goes on", "[pull]") {
  World world;
  for (int i = 0; i < 10; ++i) world.server->put("b", fmt::format("k{}", i), std::string(500, 'x'));
  world.config.agent.parallel = 1;
  world.config.agent.limit_rate_bytes = 100;  // five seconds each, by the manual clock
  world.config.agent.max_runtime = std::chrono::seconds(10);
  CHECK(world.pull() == ExitStatus::kIncomplete);
  const auto first = world.source().archives;
  CHECK(first >= 2);
  CHECK(first < 10);
  CHECK(world.lines_with("max_runtime was reached") == 1);
  CHECK(world.status().state == agent::RunState::kIncomplete);

  world.config.agent.max_runtime = std::chrono::seconds(0);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().archives == 10);
  CHECK(world.source().run.fresh == 10 - first);
}

TEST_CASE("what would leave less than min_free is not fetched, the rest is", "[pull]") {
  World world;
  world.disk.set_space({10'000, 5'000});
  world.config.disk.min_free_bytes = 1'000;
  world.server->put("b", "fits", std::string(3'000, 'x'));
  world.server->put("b", "too-large", std::string(4'001, 'x'));
  world.server->put("b", "too-large-as-well", std::string(4'001, 'x'));
  world.config.agent.parallel = 1;
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.archive("fits"));
  CHECK_FALSE(world.archive("too-large"));
  CHECK(world.source().run.failed == 2);
  CHECK(world.lines_with("min_free") == 1);
  CHECK(world.gets_of("too-large") == 0);
}

TEST_CASE("a run that is asked to stop is incomplete, and the next one resumes", "[pull]") {
  World world;
  world.server->put_pattern("b", "big", 3'000'000);
  const auto content = world.server->bucket("b")->find("big", "")->content;
  world.server->lie({LieKind::kSlow, "GET", "big", 2'000'000, "", 1, 1});
  world.disk.set_hook([&](std::string_view operation, std::string_view path) {
    if (operation == "write" && path.starts_with(".holdfast/staging/")) world.stop.store(true);
    return std::optional<store::Error>();
  });
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK_FALSE(world.archive("big"));
  CHECK(world.files_below(".holdfast/staging/") == 1);
  CHECK(world.status().state == agent::RunState::kIncomplete);

  world.disk.set_hook(nullptr);
  CHECK(world.pull() == ExitStatus::kOk);
  REQUIRE(world.archive("big"));
  CHECK(fake_s3::md5_hex(*world.archive("big")) == content->md5());
  CHECK(world.server->counters().object_bytes_sent < 3'000'000);
  CHECK(world.files_below(".holdfast/staging/") == 0);
  const auto journal = world.server->journal();
  CHECK(std::any_of(journal.begin(), journal.end(), [](const auto& entry) {
    return entry.range.starts_with("bytes=") && !entry.if_match.empty() && entry.status == 206;
  }));
}

TEST_CASE("a failing disk ends the run with 74 and says which way it failed", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  world.disk.set_hook(
      [](std::string_view operation, std::string_view path) -> std::optional<store::Error> {
        if (operation != "write" || !path.starts_with(".holdfast/staging/")) return std::nullopt;
        return store::error_from_errno(ENOSPC, operation, path);
      });
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  CHECK(world.status().state == agent::RunState::kFailed);
  CHECK(world.lines_with("the disk is full") == 1);
  world.disk.set_hook(nullptr);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("a run that cannot begin says 75 and touches nothing", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  SECTION("nothing is mounted there") {
    world.config.disk.require_mount = true;
    CHECK(world.pull() == ExitStatus::kNotNow);
    CHECK(world.status().state == agent::RunState::kAbsent);
    CHECK_FALSE(world.status().disk.present);
  }
  SECTION("it is another disk") {
    world.config.disk.ids = {"00000000-0000-4000-8000-000000000000"};
    CHECK(world.pull() == ExitStatus::kNotNow);
    CHECK(world.status().state == agent::RunState::kAbsent);
    CHECK(world.lines_with("is wanted") == 1);
  }
  SECTION("another run is at work, whose status file it leaves alone") {
    const auto lock = world.disk.lock(store::kLockPath);
    REQUIRE(lock);
    CHECK(world.pull() == ExitStatus::kNotNow);
    CHECK_FALSE(world.status_text);
  }
  CHECK(world.server->counters().requests() == 0);
  CHECK(world.lines.size() == 1);
}
