#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;

namespace {

std::string sha256_of(std::string_view content) {
  store::DigestSet digests({{store::Algorithm::kSha256, {}}});
  digests.update(std::as_bytes(std::span(content)));
  return store::to_hex(digests.finish().front());
}

}  // namespace

TEST_CASE("accept takes the quarantined content, and the next pull is quiet", "[pull]") {
  World world;
  world.server->put("b", "k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.accept("k") == ExitStatus::kUsage);
  CHECK(world.lines_with("nothing of this key is in quarantine") == 1);
  CHECK(world.accept("none") == ExitStatus::kUsage);
  world.server->put("b", "k", "second");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  world.server->put("b", "k", "third");
  world.pass(std::chrono::hours(1));
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  SECTION("the newest") {
    CHECK(world.accept("k") == ExitStatus::kOk);
    CHECK(world.archive("k") == "third");
    CHECK(world.contents_below("site/quarantine/") == Names{"second"});
    CHECK(world.source().alarms.empty());
    CHECK(world.status().state == agent::RunState::kOk);
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().run.changed == 0);
    CHECK(world.server->counters().gets == 0);
  }
  SECTION("one that is named") {
    const auto id = sha256_of("second").substr(0, 8);
    CHECK(world.accept("k", id) == ExitStatus::kOk);
    CHECK(world.archive("k") == "second");
    CHECK(world.contents_below("site/quarantine/") == Names{"third"});
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.source().run.changed == 1);  // known, and looked at
  }
  SECTION("not one that has rotted") {
    const auto [path, content] = *World::below(world.disk.files(), "site/quarantine/").rbegin();
    world.disk.plant(path, "thirD");
    const auto status = world.accept("k", path.substr(path.rfind('-') + 1));
    CHECK(status == ExitStatus::kIncomplete);
    CHECK(world.archive("k") == "the first content");
    return;
  }
  CHECK(world.contents_below("site/superseded/") == Names{"the first content"});
  CHECK(world.source().superseded == 1);
  CHECK(world.source().quarantined == 1);
}

TEST_CASE("accept takes no content whose name fits another one too", "[pull]") {
  // Two contents whose SHA-256 begin with the same eight digits: a second of work for an attacker.
  const std::string good = "content 00025868";
  const std::string forged = "content 00094470";
  const auto digits = sha256_of(good).substr(0, 8);
  REQUIRE(sha256_of(forged).substr(0, 8) == digits);
  World world;
  for (const auto& content : {std::string("the first"), good, forged}) {
    world.server->put("b", "k", content);
    world.pass(std::chrono::hours(1));
    (void)world.pull();
  }
  REQUIRE(world.contents_below("site/quarantine/") == Names{good, forged});

  CHECK(world.accept("k", digits) == ExitStatus::kUsage);
  CHECK(world.lines_with("matches more than one copy") == 1);
  CHECK(world.accept("k", digits.substr(0, 7)) == ExitStatus::kUsage);
  CHECK(world.lines_with("at least 8 digits") == 1);
  CHECK(world.archive("k") == "the first");
  CHECK(world.accept("k", sha256_of(good)) == ExitStatus::kOk);
  CHECK(world.archive("k") == good);
}

TEST_CASE("a held file that somebody removed does not stop what takes its place", "[pull]") {
  World world;
  world.server->put("b", "db/k", "the first content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "db/k", "the second content");
  SECTION("by accept") {
    REQUIRE(world.pull() == ExitStatus::kAlarm);
    REQUIRE(world.disk.remove_file("site/archives/db/k"));
    CHECK(world.accept("db/k") == ExitStatus::kOk);
  }
  SECTION("with generations") {
    world.site().on_change = agent::OnChange::kGenerations;
    REQUIRE(world.disk.remove_file("site/archives/db/k"));
    CHECK(world.pull() == ExitStatus::kOk);
    CHECK(world.lines_with("the copy held before is gone") == 1);
  }
  CHECK(world.archive("db/k") == "the second content");
  CHECK(world.source().superseded == 0);
  CHECK(world.pull() == ExitStatus::kOk);
}
