#include <fmt/format.h>

#include <algorithm>

#include "store/content/duplicate.h"
#include "store/custody/placement.h"
#include "store/custody/sums.h"
#include "store/ledger/ledger_writer.h"
#include "store/ledger/schema.h"
#include "tests/store/custody/generation_fixture.h"
#include "tests/support/uploaded.h"

// Contents beside the trusted one of their key: their places and their rows.

using ledger_test::archive_of;
using ledger_test::at;
using ledger_test::generation_of;
using ledger_test::Held;
using ledger_test::identity;
using ledger_test::kWhen;
using ledger_test::pending;
using ledger_test::placed;
using ledger_test::sha256_of;
using store::ErrorKind;
using store::Known;
using store::NameRules;
using store::Place;
using store::Role;
using Names = std::vector<std::string>;

TEST_CASE("a generation lies below its key, named by time and digest") {
  const auto sha256 = sha256_of("content");
  const auto hex = store::to_hex(sha256);
  const auto paths = store::generation_paths("site", Place::kQuarantine, "db/../k",
                                             NameRules::kPosix, kWhen, sha256);
  REQUIRE(paths.size() == 5);
  CHECK(paths[0] == "site/quarantine/db/%2E%2E/k/20260131T020000Z-" + hex.substr(0, 8));
  CHECK(paths[1].starts_with("site/quarantine/db%~/"));
  CHECK(paths[1].ends_with("/20260131T020000Z-" + hex.substr(0, 8)));
  CHECK(paths[2].ends_with("/20260131T020000Z-" + hex));
  const auto narrow = store::path_of_key("db/../k", NameRules::kPosix, store::NameVariant::kNarrow);
  CHECK(paths[3] == "site/quarantine/" + narrow + "/20260131T020000Z-" + hex.substr(0, 8));
  CHECK(paths[4] == "site/quarantine/" + narrow + "/20260131T020000Z-" + hex);
  // A date that no calendar has.
  const auto absurd = store::generation_paths("site", Place::kSuperseded, "k", NameRules::kPosix,
                                              test::uploaded(at(std::int64_t{1} << 52)), sha256);
  CHECK(absurd[0] == "site/superseded/k/19700101T000000Z-" + hex.substr(0, 8));
}

TEST_CASE("contents are placed beside each other and never in another's place") {
  test::FaultDisk disk;
  store::Placer placer(disk, NameRules::kPosix);
  const auto place = [&](std::string_view key, std::string_view content) {
    disk.plant(".holdfast/staging/s", content);
    REQUIRE(disk.set_finished(".holdfast/staging/s", true));
    const auto path = placer.place_generation(
        ".holdfast/staging/s",
        {"site", Place::kQuarantine, key, kWhen,
         std::as_bytes(std::span(content)).empty() ? store::Sha256{} : sha256_of(content)});
    REQUIRE(path);
    CHECK(disk.files().at(*path) == content);
    CHECK(disk.finished(*path) == true);
    return *path;
  };
  const auto first = place("k", "one");
  CHECK(first == placed(Place::kQuarantine, "k", "one"));
  CHECK(place("k", "two") != first);
  // The very same again is the same file.
  CHECK(place("k", "one") == first);
  // A key named like the generation of another one.
  const auto nested = place(first.substr(std::string("site/quarantine/").size()), "three");
  CHECK(nested.find("%~") != std::string::npos);
  CHECK(disk.files().at(first) == "one");
  REQUIRE(placer.sync());
  CHECK(disk.durable_files().at(nested) == "three");
}

TEST_CASE("what is kept aside has two places, and neither is lost with the power") {
  const bool has_links = GENERATE(true, false);
  test::FaultDisk disk;
  disk.set_has_links(has_links);
  REQUIRE(disk.make_directory(".holdfast"));
  disk.plant("site/archives/k", "old");
  store::Placer placer(disk, NameRules::kPosix);
  const auto aside = placer.keep_aside("site/archives/k",
                                       {"site", Place::kSuperseded, "k", kWhen, sha256_of("old")});
  REQUIRE(aside);
  REQUIRE(placer.sync());
  CHECK(disk.durable_files().at(*aside) == "old");
  CHECK(disk.durable_files().at("site/archives/k") == "old");

  disk.plant(".holdfast/staging/s", "new");
  REQUIRE(disk.set_finished(".holdfast/staging/s", true));
  REQUIRE(placer.replace(".holdfast/staging/s", "site/archives/k"));
  REQUIRE(placer.sync());
  CHECK(disk.durable_files().at("site/archives/k") == "new");
  CHECK(disk.durable_files().at(*aside) == "old");
  CHECK(disk.finished("site/archives/k") == true);
}

TEST_CASE("a copy is compared with what was recorded") {
  test::FaultDisk disk;
  disk.set_has_links(false);
  REQUIRE(disk.make_directory(".holdfast"));
  disk.plant("site/archives/k", "rotten");
  CHECK(store::duplicate_to_staging(disk, "site/archives/k", sha256_of("right")).error().kind ==
        ErrorKind::kCorrupt);
  const auto copy = store::duplicate_to_staging(disk, "site/archives/k", sha256_of("rotten"));
  REQUIRE(copy);
  CHECK(disk.files().at(*copy) == "rotten");
}

TEST_CASE("a leftover in staging that is a link to a held file is never written to") {
  test::FaultDisk disk;
  REQUIRE(disk.make_directory(".holdfast"));
  disk.plant("site/archives/k", "held");
  const auto once = store::duplicate_to_staging(disk, "site/archives/k", sha256_of("held"));
  REQUIRE(once);
  disk.set_has_links(false);
  REQUIRE(store::duplicate_to_staging(disk, "site/archives/k", sha256_of("held")));
  CHECK(disk.files().at("site/archives/k") == "held");
}

// ---- the ledger ---------------------------------------------------------------------------------

TEST_CASE("a batch with contents of every kind is recorded, counted and no longer pending") {
  Held held;
  const auto old = archive_of("k", "old");
  held.record({old});
  auto changed = pending("k", 500, "f");
  changed.role = Role::kChanged;
  auto version = pending("k", 400, "g");
  version.role = Role::kNoncurrent;
  version.upstream.version_id = "v1";
  held.want({changed, version, pending("n", 600)});
  REQUIRE(held.pending_keys() == Names{"n", "k", "k"});

  store::Batch batch;
  batch.now = at(3000);
  auto quarantined =
      generation_of(archive_of("k", "new"), Place::kQuarantine, "site/quarantine/k/q");
  quarantined.upstream = changed.upstream;
  auto superseded =
      generation_of(archive_of("k", "first"), Place::kSuperseded, "site/superseded/k/s");
  superseded.upstream = version.upstream;
  batch.generations.push_back({held.source, quarantined, Role::kChanged});
  batch.generations.push_back({held.source, superseded, Role::kNoncurrent});
  batch.archives.push_back({held.source, archive_of("n", "n")});
  batch.raised.push_back({held.source, store::AlarmKind::kChanged, "k", "first message"});
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  CHECK(held.pending_keys().empty());
  CHECK(held.totals().archives == 2);
  CHECK(held.totals().quarantined == 1);
  CHECK(held.totals().superseded == 1);
  CHECK(held.totals().sums_stale);

  // Recorded once more, it counts once; the open alarm says the newest.
  batch.archives.clear();
  batch.raised[0].message = "second message";
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  CHECK(held.totals().quarantined == 1);
  const auto alarms = held.ledger.open_alarms(held.source, 10);
  REQUIRE(alarms->size() == 1);
  CHECK(alarms->front().message == "second message");

  CHECK(held.ledger.count_quarantined(held.source, "k").value() == 1);
  CHECK(held.ledger.generations(held.source, "k", 10)->size() == 2);
  const auto found =
      held.ledger.find_generation(held.source, "k", sha256_of("new"), Place::kQuarantine);
  REQUIRE(found->has_value());
  CHECK((*found)->path == "site/quarantine/k/q");
  CHECK_FALSE(held.ledger.find_generation(held.source, "k", sha256_of("new"), Place::kSuperseded)
                  ->has_value());
}

TEST_CASE("an identity that was looked at is known for what it turned out to be") {
  Held held;
  held.record({archive_of("k", "old")});
  store::Batch batch;
  batch.same.push_back({held.source, "k", identity("same", 3), sha256_of("old")});
  batch.same.push_back({held.source, "k", {"", 3, "v1"}, sha256_of("other")});
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  auto plan = held.begin();
  CHECK(plan.known("k", identity("same", 3)).value() == Known::kHeld);
  CHECK(plan.known("k", {"same", 3, "another version"}).value() == Known::kHeld);
  CHECK(plan.known("k", identity("same", 4)).value() == Known::kNo);
  CHECK(plan.known("l", identity("same", 3)).value() == Known::kNo);
  // Where there is no ETag, only the same version is the same.
  CHECK(plan.known("k", {"", 3, "v1"}).value() == Known::kGeneration);
  CHECK(plan.known("k", {"", 3, "v2"}).value() == Known::kNo);
}

TEST_CASE("a held key that gets another content is counted once, by the other") {
  Held held;
  held.record({archive_of("k", "old")});
  store::Batch batch;
  batch.archives.push_back({held.source, archive_of("k", "longer")});
  batch.generations.push_back(
      {held.source,
       generation_of(archive_of("k", "old"), Place::kSuperseded, "site/superseded/k/s"),
       std::nullopt});
  REQUIRE(store::LedgerWriter(held.ledger).begin_supersessions({{held.source, "k"}}));
  REQUIRE(store::LedgerWriter(held.ledger).open_supersessions(10)->size() == 1);
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  CHECK(store::LedgerWriter(held.ledger).open_supersessions(10)->empty());
  CHECK(held.totals().archives == 1);
  CHECK(held.totals().size_bytes == 6);
  CHECK(held.totals().superseded == 1);
}

TEST_CASE("more generations than a page are visited, each once and in order") {
  Held held;
  store::Batch batch;
  for (int i = 0; i < 600; ++i) {
    const auto content = fmt::format("{}", i);
    batch.generations.push_back({held.source,
                                 generation_of(archive_of(i % 2 == 0 ? "a" : "b", content),
                                               Place::kSuperseded, fmt::format("p/{:03}", i)),
                                 std::nullopt});
  }
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  Names seen;
  REQUIRE(held.ledger.visit_generations(held.source, [&](const store::Generation& generation) {
    seen.push_back(generation.key + generation.path);
    return true;
  }));
  CHECK(seen.size() == 600);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("alarms are acknowledged one by one or all, and announced once") {
  Held held;
  REQUIRE(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, "a", "m", at(10)));
  REQUIRE(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, "b", "m", at(20)));
  const auto fresh = held.ledger.unannounced_alarms(10);
  REQUIRE(fresh->size() == 2);
  REQUIRE(held.ledger.mark_announced(fresh->front().alarm.id));
  REQUIRE(held.ledger.unannounced_alarms(10)->size() == 1);

  CHECK(held.ledger.acknowledge(held.source, 4711, at(30)).value() == 0);
  CHECK(held.ledger.acknowledge(held.source, fresh->front().alarm.id, at(30)).value() == 1);
  CHECK_FALSE(held.ledger.is_open(held.source, store::AlarmKind::kChanged, "a").value());
  CHECK(held.ledger.is_open(held.source, store::AlarmKind::kChanged, "b").value());
  CHECK(held.ledger.acknowledge(held.source, std::nullopt, at(30)).value() == 1);
  CHECK(held.ledger.unannounced_alarms(10)->empty());
  CHECK(held.ledger.was_raised(held.source, store::AlarmKind::kChanged, "a", at(10)).value());
  CHECK_FALSE(held.ledger.was_raised(held.source, store::AlarmKind::kChanged, "a", at(11)).value());
}

TEST_CASE("what was refused before raises no second alarm, another content does") {
  Held held;
  const auto refuse = [&](std::string_view etag) {
    return held.ledger
        .refuse_with_alarm(held.source, "k", store::RefusalKind::kUnreadable, identity(etag), at(5),
                           Role::kChanged, store::AlarmKind::kUnreadable, "m")
        .value();
  };
  CHECK(refuse("e"));
  REQUIRE(held.ledger.acknowledge(held.source, std::nullopt, at(6)));
  CHECK_FALSE(refuse("e"));
  CHECK(held.ledger.count_open_alarms(held.source).value() == 0);
  CHECK(refuse("f"));
  CHECK(held.ledger.count_open_alarms(held.source).value() == 1);
}

TEST_CASE("a ledger of the first schema is brought up to date with all that it says") {
  test::FaultDisk disk;
  disk.plant(".holdfast/ledger.db", "");
  {
    auto database =
        store::Database::open(disk, store::kLedgerPath, store::DatabaseMode::kReadWrite);
    REQUIRE(database);
    REQUIRE(database->run_script(fmt::format("PRAGMA application_id={}", store::kApplicationId)));
    REQUIRE(store::update_schema(*database, store::migrations().first(1), true));
    REQUIRE(database->run_script(
        "INSERT INTO source (source_id, name, archives, size_bytes) VALUES (1, 'site', 1, 10);"
        "INSERT INTO archive VALUES (1, x'6b', 0, 'e', 10, '', 100, zeroblob(32), 'size', 5, 6);"
        "INSERT INTO pending VALUES (1, 100, x'6c', 'e', 10, '');"
        "INSERT INTO refusal VALUES (1, x'6d', 1, 'e', 10, '', 5, 6, 2);"
        "INSERT INTO alarm (source_id, kind, key, since, message) VALUES (1, 'changed', x'6b', 5, "
        "'m')"));
  }
  auto ledger = store::Ledger::open(disk, store::Access::kReadWrite);
  REQUIRE(ledger);
  CHECK(ledger->totals(1)->archives == 1);
  CHECK(ledger->totals(1)->superseded == 0);
  CHECK(ledger->find(1, "k")->has_value());
  CHECK(ledger->open_alarms(1, 10)->size() == 1);
  auto plan = ledger->begin_plan(1, "");
  REQUIRE(plan);
  const auto refusal = plan->refusal("m");
  REQUIRE(refusal->has_value());
  CHECK((*refusal)->asks == 2);
}

TEST_CASE("what was concluded from too little about an endpoint is forgotten once") {
  test::FaultDisk disk;
  disk.plant(".holdfast/ledger.db", "");
  {
    auto database =
        store::Database::open(disk, store::kLedgerPath, store::DatabaseMode::kReadWrite);
    REQUIRE(database);
    REQUIRE(database->run_script(fmt::format("PRAGMA application_id={}", store::kApplicationId)));
    REQUIRE(store::update_schema(*database, store::migrations().first(4), true));
    REQUIRE(database->run_script(
        "INSERT INTO endpoint_fact VALUES ('https://a', 'etag-md5', 'opaque');"
        "INSERT INTO endpoint_fact VALUES ('https://a', 'etag-multipart', 'proven');"
        "INSERT INTO endpoint_fact VALUES ('https://a', 'checksum-mode', 'refused');"
        "INSERT INTO endpoint_evidence VALUES ('https://a', 'etag-md5', x'78')"));
  }
  auto ledger = store::Ledger::open(disk, store::Access::kReadWrite);
  REQUIRE(ledger);
  CHECK(ledger->endpoint_fact("https://a", "etag-md5").value() == std::nullopt);
  CHECK(ledger->endpoint_fact("https://a", "etag-multipart").value() == "proven");
  CHECK(ledger->endpoint_fact("https://a", "checksum-mode").value() == std::nullopt);
  CHECK(ledger->add_endpoint_evidence("https://a", "etag-md5", "y").value() == 1);
}

TEST_CASE("SHA256SUMS names what lies beside the archives too") {
  Held held;
  held.record({archive_of("k", "old")});
  store::Batch batch;
  batch.generations.push_back(
      {held.source,
       generation_of(archive_of("k", "new"), Place::kQuarantine, "site/quarantine/k/q"),
       std::nullopt});
  REQUIRE(store::LedgerWriter(held.ledger).record_batch(batch));
  REQUIRE(held.disk.make_directory("site"));
  REQUIRE(store::write_sums(held.disk, held.ledger, held.source, "site", NameRules::kPosix));
  CHECK(held.disk.files().at("site/SHA256SUMS") ==
        fmt::format("{}  archives/k\n{}  quarantine/k/q\n", store::to_hex(sha256_of("old")),
                    store::to_hex(sha256_of("new"))));
}
