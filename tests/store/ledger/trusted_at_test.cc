#include <fmt/format.h>

#include <optional>
#include <string>

#include "store/custody/manifest.h"
#include "store/custody/rebuild.h"
#include "tests/store/custody/generation_fixture.h"

// `restore --as-of` gives what was trusted then. What is known of that has to outlive the ledger,
// also where the manifest that it is made from was lost and written anew.

using ledger_test::archive_of;
using ledger_test::at;
using ledger_test::generation_of;
using ledger_test::Held;
using ledger_test::placed;
using ledger_test::sha256_of;
using store::NameRules;
using store::Place;

namespace {

struct Trusted {
  std::int64_t when;
  std::string key;
  std::string content;
};

// What a pull and `accept` record when the trusted content of a key gives way to another.
void trust(Held& world, const Trusted& one) {
  store::Batch batch;
  batch.now = at(one.when);
  const auto before = world.ledger.find(world.source, one.key);
  REQUIRE(before);
  if (*before) {
    const auto path = fmt::format("site/superseded/{}/20260131T020000Z-{:08x}", one.key, one.when);
    batch.generations.push_back(
        {world.source, generation_of(**before, Place::kSuperseded, path), std::nullopt});
    batch.generations.back().generation.placed_at = batch.now;
    world.disk.plant(path, world.disk.files().at("site/archives/" + one.key));
  }
  world.disk.plant("site/archives/" + one.key, one.content);
  auto archive = archive_of(one.key, one.content);
  archive.held_since = at(1000);
  batch.archives.push_back({world.source, archive});
  REQUIRE(store::record_durably(world.disk, world.ledger, NameRules::kPosix, batch));
}

std::string as_of(store::Ledger& ledger) {
  const auto source = ledger.find_source("site");
  REQUIRE((source && *source));
  std::string found;
  for (const std::string key : {"always", "back", "twice"}) {
    found += "\n" + key + ":";
    for (std::int64_t when = 500; when < 6000; when += 500) {
      const auto reign = ledger.trusted_at(**source, key, at(when));
      REQUIRE(reign);
      std::string what = reign->remembered ? "nothing" : "as held";
      for (const char* content : {"A", "B", "C"}) {
        if (reign->sha256 == sha256_of(content)) what = content;
      }
      found += fmt::format(" {} {},", when, what);
    }
  }
  return found;
}

std::string after_a_rebuild(test::FaultDisk& disk) {
  store::RebuildRequest request;
  request.now = at(9000);
  request.message = [](const store::Reading&) { return std::string("damaged"); };
  request.found = [](std::string_view, const store::Reading&) {};
  const auto rebuilt = store::rebuild_ledger(disk, request);
  CAPTURE(rebuilt ? std::string() : store::describe(rebuilt.error()));
  REQUIRE(rebuilt);
  auto ledger = store::Ledger::open(disk, store::Access::kReadOnly);
  REQUIRE(ledger);
  return as_of(*ledger);
}

}  // namespace

TEST_CASE("a manifest that is written anew says what was trusted when") {
  Held world;
  for (const auto& one :
       {Trusted{1000, "always", "A"}, Trusted{1000, "back", "A"}, Trusted{1000, "twice", "A"},
        Trusted{2000, "back", "B"}, Trusted{3000, "back", "A"}, Trusted{3000, "twice", "B"},
        Trusted{4000, "twice", "C"}}) {
    trust(world, one);
  }
  const auto before = as_of(world.ledger);
  REQUIRE(before.find("back: 500 nothing, 1000 A, 1500 A, 2000 B, 2500 B, 3000 A,") !=
          std::string::npos);
  REQUIRE(world.disk.remove_file("site/manifest.jsonl"));
  REQUIRE(store::make_manifest_whole(world.disk, world.ledger, world.source, "site",
                                     NameRules::kPosix));
  SECTION("and a rebuild reads it there") { CHECK(after_a_rebuild(world.disk) == before); }
  SECTION("and goes on with what is trusted since") {
    trust(world, {5000, "back", "C"});
    trust(world, {5000, "always", "B"});
    const auto since = as_of(world.ledger);
    REQUIRE(since != before);
    CHECK(after_a_rebuild(world.disk) == since);
  }
}
