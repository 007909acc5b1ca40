#include <fmt/format.h>

#include "store/custody/manifest.h"
#include "tests/agent/pull/pull_world.h"

// The ledger is gone or damaged, and the disk has all that is needed.

using agent::ExitStatus;
using pull_test::World;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

const std::string kLedger(store::kLedgerPath);

void lose_ledger(World& world) {
  REQUIRE(world.disk.remove_file(kLedger));
  REQUIRE(world.disk.remove_file(kLedger + "-journal"));
}

std::string list_all(World& world) {
  REQUIRE(world.list_all() == ExitStatus::kOk);
  std::string all;
  for (const auto& line : world.printed) all += line + "\n";
  return all;
}

// Archives, a quarantined content, an accepted one, superseded ones, odd names, and one that the
// bucket no longer has.
void fill(World& world) {
  for (const char* key : {"db/a.tar", "db/b.tar", "a", "a/b", "..", "x//y", "gone"}) {
    world.server->put("b", key, fmt::format("the content of {}", key));
  }
  world.server->put_multipart("b", "parts.tar", std::string(3 << 20, 'p'), 1 << 20);
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(24h);
  world.site().on_change = agent::OnChange::kGenerations;
  world.server->put("b", "a", "rotated");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().on_change = agent::OnChange::kQuarantine;
  world.pass(24h);
  world.server->put("b", "db/a.tar", "accepted");
  world.server->put("b", "db/b.tar", "quarantined");
  world.server->erase("b", "gone");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.accept("db/a.tar") == ExitStatus::kOk);
  REQUIRE(world.ack() == ExitStatus::kOk);
  REQUIRE(world.pull() == ExitStatus::kOk);
}

}  // namespace

TEST_CASE("after a rebuild everything is known again, and the next pull fetches nothing",
          "[rebuild]") {
  World world;
  fill(world);
  const auto before = list_all(world);
  const auto files = World::below(world.disk.files(), "site/");
  SECTION("the ledger was lost") { lose_ledger(world); }
  SECTION("the ledger is damaged") { world.disk.plant(kLedger, std::string(8192, '\x7f')); }
  SECTION("the ledger is damaged within") {
    auto bytes = world.disk.files().at(kLedger);
    for (std::size_t i = 4096; i < bytes.size(); i += 512) bytes[i] = '\x7f';
    world.disk.plant(kLedger, bytes);
  }
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  CHECK(world.lines_with("holdfast rebuild") == 1);
  world.pass(1h);
  CHECK(world.rebuild() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(list_all(world) == before);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.server->counters().gets == 0);
  CHECK(world.source().alarms.empty());
  CHECK(list_all(world) == before);
  CHECK(World::below(world.disk.files(), "site/") == files);
}

TEST_CASE("without ETags, too, what lies beside the archives is known after a rebuild",
          "[rebuild]") {
  World world;
  fake_s3::ListingLies no_etags;
  no_etags.no_etag = true;
  world.server->set_listing_dialect(no_etags);
  world.server->put("b", "k", "first");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.pass(24h);
  world.server->put("b", "k", "other");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("a ledger that is in order is not made anew", "[rebuild]") {
  World world;
  fill(world);
  const auto before = list_all(world);
  CHECK(world.rebuild() == ExitStatus::kUsage);
  CHECK(world.lines_with("in order") == 1);
  CHECK(list_all(world) == before);
}

TEST_CASE("a rebuild finds what is damaged or missing", "[rebuild]") {
  World world;
  fill(world);
  lose_ledger(world);
  world.disk.plant("site/archives/parts.tar", "rotten");
  REQUIRE(world.disk.remove_file("site/archives/gone"));
  CHECK(world.rebuild() == ExitStatus::kAlarm);
  CHECK(world.lines_with("site: parts.tar: ") == 1);
  CHECK(world.lines_with("site: gone: ") == 1);
  CHECK(world.pull() == ExitStatus::kAlarm);  // the bucket has only one of them
  CHECK(world.archive("parts.tar") == std::string(3 << 20, 'p'));
  CHECK(world.alarm_kinds() == Names{"missing"});
}

TEST_CASE("a rebuilt source that has changed much raises nothing, but an emptied one does",
          "[rebuild]") {
  World world;
  for (int i = 0; i < 20; ++i) world.server->put("b", fmt::format("{:02}", i), "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  for (int i = 0; i < 15; ++i) world.server->erase("b", fmt::format("{:02}", i));
  const bool emptied = GENERATE(false, true);
  if (emptied) {
    for (int i = 15; i < 20; ++i) world.server->erase("b", fmt::format("{:02}", i));
  }
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(world.pull() == (emptied ? ExitStatus::kAlarm : ExitStatus::kOk));
  CHECK(world.source().hold == emptied);
}

TEST_CASE("without a manifest the archives are known by their names and digests", "[rebuild]") {
  World world;
  fill(world);
  lose_ledger(world);
  REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
  CHECK(world.rebuild() == ExitStatus::kOk);
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.alarm_kinds() == Names{"changed"});  // db/b.tar, which is another one upstream
  CHECK(world.source().archives == 8);
  CHECK(world.contents_below("site/quarantine/") == Names{"quarantined"});
  CHECK(world.pull() == ExitStatus::kAlarm);
  CHECK(world.server->counters().gets == 0);
}

TEST_CASE("a manifest that is lost is written again by the next pull", "[rebuild]") {
  World world;
  fill(world);
  REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto before = list_all(world);
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(list_all(world) == before);
}

TEST_CASE("a line of the manifest that a power cut tore is none, and the next is whole",
          "[rebuild]") {
  World world;
  world.server->put("b", "one", "1");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto manifest = world.disk.files().at("site/manifest.jsonl");
  world.disk.plant("site/manifest.jsonl", manifest + R"({"what":"held","path":"archives/tw)");
  world.server->put("b", "two", "2");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const auto before = list_all(world);
  lose_ledger(world);
  REQUIRE(world.rebuild() == ExitStatus::kOk);
  CHECK(list_all(world) == before);
}

TEST_CASE("no line of a manifest leads to a path outside its source", "[rebuild]") {
  store::ManifestEntry entry;
  entry.key = "k";
  entry.path = "archives/k";
  REQUIRE(store::entry_of(store::line_of(entry)));
  for (const char* path : {"../other/archives/k", "archives/../k", "/etc/passwd", "archives", "",
                           "archives/", "superseded/k"}) {
    CAPTURE(path);
    entry.path = path;
    CHECK_FALSE(store::entry_of(store::line_of(entry)));
  }
  for (const char* line : {"", "{", "[]", "{}", R"({"what":"held"})", R"({"what":"no"})",
                           R"({"what":"held","path":"archives/k","sha256":"00","size":1})",
                           R"({"what":"held","path":"archives/k","size":-1})"}) {
    CAPTURE(line);
    CHECK_FALSE(store::entry_of(line));
  }
}
