#include <algorithm>
#include <map>
#include <set>

#include "agent/config/backup_set.h"
#include "store/ledger/database.h"
#include "store/ledger/schema.h"
#include "tests/agent/config/naming_schemes.h"
#include "tests/agent/pull/pull_world.h"

// A ledger as 0.1 wrote it, which knew neither streams nor sets.

using agent::ExitStatus;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

const std::string kLedger(store::kLedgerPath);

constexpr std::size_t kMigrationsOf01 = 12;

// All migrations since taken back.
constexpr const char* kAsOf01 = R"sql(
DROP TABLE walk;
DROP TABLE drill_run;
DROP TABLE drill;
DROP TABLE acceptance;
DROP TABLE carried;
DROP TABLE carried_from;
DROP INDEX alarm_acknowledged;
ALTER TABLE alarm DROP COLUMN acknowledged;
ALTER TABLE deviation DROP COLUMN acknowledged;
DROP INDEX archive_unsound;
ALTER TABLE archive DROP COLUMN unsound;
ALTER TABLE generation DROP COLUMN unsound;
ALTER TABLE placement DROP COLUMN unsound;
DROP TABLE form;
ALTER TABLE source DROP COLUMN pulled_since;
ALTER TABLE source DROP COLUMN reviewed_at;
ALTER TABLE source DROP COLUMN chain;
DROP TABLE stream;
DROP TABLE event;
CREATE TABLE series (
  source_id INTEGER NOT NULL REFERENCES source,
  name BLOB NOT NULL,
  archives INTEGER NOT NULL,
  newest_held_since INTEGER NOT NULL,
  recent_sizes TEXT NOT NULL,
  PRIMARY KEY (source_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO series SELECT source_id, x'732d23', archives, 5, '[1000]' FROM source;
UPDATE source SET reviewed_by='7d', series_spec='auto';
)sql";

std::set<std::string> schema_of(store::Database& database) {
  std::set<std::string> all;
  auto query = database.query("SELECT type || ' ' || name || ' ' || tbl_name FROM sqlite_master");
  REQUIRE(query);
  for (auto row = query->step(); row && *row; row = query->step()) all.emplace(query->bytes(0));
  return all;
}

std::set<std::string> schema_of_01() {
  test::FaultDisk disk;
  disk.plant(".holdfast/ledger.db", "");
  auto database = store::Database::open(disk, kLedger, store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  REQUIRE(database->run_script("PRAGMA application_id=" + std::to_string(store::kApplicationId)));
  const auto all = store::migrations();
  REQUIRE(store::update_schema(*database, all.first(kMigrationsOf01), true));
  return schema_of(*database);
}

void take_back_to_01(World& world) {
  auto database = store::Database::open(world.disk, kLedger, store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  REQUIRE(database->run_script(kAsOf01));
  REQUIRE(database->run_script("PRAGMA user_version=" + std::to_string(kMigrationsOf01)));
  REQUIRE(schema_of(*database) == schema_of_01());
}

std::set<std::string> held(const World& world) {
  std::set<std::string> keys;
  for (const auto& [path, content] : World::below(world.disk.files(), "site/archives/")) {
    keys.insert(path.substr(14));
  }
  return keys;
}

void night_of_akeeba(World& world) {
  world.pass(24h);
  const naming::Night night{std::chrono::floor<std::chrono::days>(world.clock.now_s())};
  for (const auto* const part : {".jpa", ".j01", ".j02", ".j03"}) {
    world.server->put("b", "site-h-" + night.compact() + "-020000" + part, std::string(1000, 'x'));
  }
}

// How many parts are left of each set.
std::map<std::string, int> sets_of(const std::set<std::string>& keys) {
  std::map<std::string, int> sets;
  for (const auto& key : keys) ++sets[std::string(agent::set_of(key))];
  return sets;
}

}  // namespace

TEST_CASE("what a ledger of 0.1 holds is sorted at the first run, and nothing goes in that run",
          "[upgrade]") {
  World world;
  for (int night = 0; night < 30; ++night) {
    night_of_akeeba(world);
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  take_back_to_01(world);
  auto& site = world.site();
  site.keep.within = 24h * 7;
  site.keep.daily = 14;
  site.expect_every = 26h;
  site.shrink_alarm_share = 0.5;
  const auto prune = [&](bool dry_run) {
    return world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::prune_command(world.config, {{}, dry_run, false}, environment, print);
    });
  };

  SECTION("by hand before any pull nothing goes either, and it says what to do") {
    CHECK(prune(false) == ExitStatus::kIncomplete);
    CHECK(world.lines_with("look at 'holdfast prune --dry-run', and run 'holdfast pull' first") ==
          1);
    CHECK(held(world).size() == 120);
  }

  night_of_akeeba(world);
  REQUIRE(world.pull() == ExitStatus::kOk);
  CHECK(world.source().alarms.empty());
  CHECK(world.source().run.removed == 0);
  CHECK(held(world).size() == 124);

  // What a person looks at before the next one.
  REQUIRE(prune(true) == ExitStatus::kOk);
  const auto streams = std::ranges::count_if(
      world.printed, [](const auto& line) { return line.starts_with("site, stream site-h-{"); });
  CHECK(streams == 4);
  CHECK(held(world).size() == 124);

  for (int night = 0; night < 20; ++night) {
    night_of_akeeba(world);
    const auto pulled = world.pull();
    CAPTURE(night, world.lines);
    REQUIRE(pulled == ExitStatus::kOk);
    for (const auto& [set, parts] : sets_of(held(world))) REQUIRE(parts == 4);
  }
  CHECK(sets_of(held(world)).size() == 14);
  CHECK(world.source().alarms.empty());
}

TEST_CASE("a run that does not end well is not the first one after an upgrade", "[upgrade]") {
  World world;
  for (int night = 0; night < 5; ++night) {
    night_of_akeeba(world);
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  take_back_to_01(world);
  world.site().keep.last = 1;
  world.config.agent.retries = 0;
  world.site().endpoint = "http://127.0.0.1:1";
  CHECK(world.pull() != ExitStatus::kOk);
  auto database = store::Database::open(world.disk, kLedger, store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  CHECK(database->read_integer("SELECT pulled_since IS NULL FROM source").value() == 1);
  CHECK(held(world).size() == 20);
}
