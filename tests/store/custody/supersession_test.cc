#include "store/custody/supersession.h"

#include "store/ledger/ledger_writer.h"
#include "tests/store/custody/generation_fixture.h"

// The way of a held content from archives/ to superseded/, interrupted.

using ledger_test::archive_of;
using ledger_test::generation_of;
using ledger_test::Held;
using ledger_test::placed;
using store::NameRules;
using store::Place;

namespace {

// A held archive "k" with the content "old", and an intent to supersede it.
struct Interrupted {
  Held held;
  std::string aside = placed(Place::kSuperseded, "k", "old");

  Interrupted() {
    held.disk.plant("site/archives/k", "old");
    held.record({archive_of("k", "old")});
    REQUIRE(store::LedgerWriter(held.ledger).begin_supersessions({{held.source, "k"}}));
  }
  void recover() {
    store::AllUnfinished left;
    REQUIRE(store::recover_supersessions(held.disk, held.ledger, NameRules::kPosix, left));
    CHECK(left.empty());
    CHECK(store::LedgerWriter(held.ledger).open_supersessions(10)->empty());
  }
  std::string file(const std::string& path) {
    const auto files = held.disk.files();
    const auto found = files.find(path);
    return found == files.end() ? "" : found->second;
  }
};

}  // namespace

TEST_CASE("an interrupted supersession is taken back, wherever it stopped") {
  Interrupted world;
  world.held.disk.set_has_links(GENERATE(true, false));
  SECTION("before anything") {}
  SECTION("with the old content in two places") { world.held.disk.plant(world.aside, "old"); }
  SECTION("with the new content in place") {
    world.held.disk.plant(world.aside, "old");
    world.held.disk.plant("site/archives/k", "new");
  }
  world.recover();
  CHECK(world.file("site/archives/k") == "old");
  CHECK(world.file(world.aside).empty());
}

TEST_CASE("a place that was recorded earlier is no leftover") {
  Interrupted world;
  store::Batch batch;
  batch.generations.push_back(
      {world.held.source, generation_of(archive_of("k", "old"), Place::kSuperseded, world.aside),
       std::nullopt});
  batch.intents.push_back({world.held.source, "k"});
  REQUIRE(store::LedgerWriter(world.held.ledger).record_batch(batch));
  world.held.disk.plant(world.aside, "old");
  world.recover();
  CHECK(world.file(world.aside) == "old");
}

TEST_CASE("a place that was recorded is no leftover where the content has another one, too") {
  Interrupted world;
  const auto other = "site/superseded/k/" +
                     std::string(GENERATE("20250101T000000Z", "20270101T000000Z")) +
                     world.aside.substr(world.aside.rfind('-'));
  store::Batch batch;
  for (const auto& path : {world.aside, other}) {
    batch.generations.push_back({world.held.source,
                                 generation_of(archive_of("k", "old"), Place::kSuperseded, path),
                                 std::nullopt});
    world.held.disk.plant(path, "old");
  }
  batch.intents.push_back({world.held.source, "k"});
  REQUIRE(store::LedgerWriter(world.held.ledger).record_batch(batch));
  world.recover();
  CHECK(world.file(world.aside) == "old");
  CHECK(world.file(other) == "old");
}

TEST_CASE("a replacement of which the record alone is missing ends as an undisturbed one") {
  Interrupted world;
  auto& held = world.held;
  const auto quarantined = placed(Place::kQuarantine, "k", "new");
  const bool waited = GENERATE(true, false);
  if (waited) {
    store::Batch batch;
    batch.generations.push_back(
        {held.source, generation_of(archive_of("k", "new"), Place::kQuarantine, quarantined),
         std::nullopt});
    REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
    held.disk.plant(quarantined, "new");
  }
  REQUIRE(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, "k", "it changed",
                                  ledger_test::at(2000)));
  REQUIRE(store::LedgerWriter(held.ledger)
              .begin_placements({{held.source, archive_of("k", "new"), store::Role::kChanged}}));
  held.disk.plant("site/archives/k", "new");
  held.disk.plant(world.aside, "old");
  world.recover();
  CHECK(held.ledger.find(held.source, "k")->value().sha256 == ledger_test::sha256_of("new"));
  CHECK(world.file(world.aside) == "old");
  CHECK(held.totals().superseded == 1);
  CHECK(held.ledger.count_open_alarms(held.source) == 0);
  CHECK(held.totals().quarantined == 0);
  CHECK(world.file(quarantined).empty());
}

TEST_CASE(
    "an old content that is gone when its replacement is finished is looked for by the scrub") {
  Interrupted world;
  auto& held = world.held;
  const bool is_known = GENERATE(false, true);
  if (is_known) {
    store::Batch batch;
    batch.generations.push_back(
        {held.source, generation_of(archive_of("k", "old"), Place::kSuperseded, world.aside),
         std::nullopt});
    REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  }
  REQUIRE(store::LedgerWriter(held.ledger)
              .begin_placements({{held.source, archive_of("k", "new"), store::Role::kChanged}}));
  held.disk.plant("site/archives/k", "new");
  world.recover();
  CHECK(held.ledger.find(held.source, "k")->value().sha256 == ledger_test::sha256_of("new"));
  const auto kept = held.ledger.generations(held.source, "k", 10).value();
  REQUIRE(kept.size() == 1);
  CHECK(kept.front().sha256 == ledger_test::sha256_of("old"));
  CHECK(kept.front().path == world.aside);
  if (!is_known) CHECK(kept.front().read_at == store::Time{});
}

TEST_CASE("an interrupted acceptance that was recorded ends with an empty quarantine") {
  Interrupted world;
  const auto quarantined = placed(Place::kQuarantine, "k", "new");
  store::Batch batch;
  batch.archives.push_back({world.held.source, archive_of("k", "new")});
  batch.generations.push_back(
      {world.held.source, generation_of(archive_of("k", "old"), Place::kSuperseded, world.aside),
       std::nullopt});
  const bool row_is_left = GENERATE(true, false);
  if (row_is_left) {
    batch.generations.push_back(
        {world.held.source, generation_of(archive_of("k", "new"), Place::kQuarantine, quarantined),
         std::nullopt});
  }
  batch.intents.push_back({world.held.source, "k"});
  REQUIRE(store::LedgerWriter(world.held.ledger).record_batch(batch));
  world.held.disk.plant("site/archives/k", "new");
  world.held.disk.plant(world.aside, "old");
  world.held.disk.plant(quarantined, "new");
  world.recover();
  CHECK(world.file("site/archives/k") == "new");
  CHECK(world.file(world.aside) == "old");
  CHECK(world.file(quarantined).empty());
  CHECK(world.held.totals().quarantined == 0);
}
