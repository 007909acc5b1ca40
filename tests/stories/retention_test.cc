#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"
#include "tests/support/dates.h"

using story::Story;
using namespace std::chrono_literals;

namespace {

std::string key_of(int night) { return "db/shop-" + test::date_of(night) + ".sql.zst"; }

void backup(Story& story, int night) {
  story.let_pass(24h);
  story.put(key_of(night), story::noise(static_cast<std::uint64_t>(night), 2000));
}

std::set<std::string> held(const Story& story) {
  std::set<std::string> keys;
  for (const auto& [path, content] : story::files_below(story.archives_path())) keys.insert(path);
  return keys;
}

}  // namespace

TEST_CASE("a mirror that keeps days, weeks and months stays small and pulls nothing twice",
          "[stories]") {
  constexpr int kNights = 150;
  Story story;
  story.init();
  story.sources[story::kSource] = "keep_daily = 7\nkeep_weekly = 4\nkeep_monthly = 3\n";
  for (int night = 1; night <= kNights; ++night) {
    backup(story, night);
    story.server->reset_journal();
    const auto pulled = story.pull();
    CAPTURE(night, pulled.err);
    REQUIRE(pulled.status == 0);
    REQUIRE(pulled.err + pulled.out == "");
    REQUIRE(story.server->counters().gets == 1);
  }
  REQUIRE(story.run({"prune"}).status == 0);
  const auto kept = held(story);
  for (int night = kNights - 6; night <= kNights; ++night) CHECK(kept.contains(key_of(night)));
  // 7 days, and of weeks and months what these are not; a run removes at least one.
  CHECK(kept.size() <= 7 + 4 + 3);
  CHECK(kept.size() >= 7 + 3);
  CHECK(story.source_status().at("archives") == kept.size());
  CHECK(story::check_sums(story).status == 0);
  CHECK(story.run({"verify", "--all"}).status == 0);

  // Without its ledger it knows all the same what it has removed.
  std::filesystem::remove(story.disk + "/.holdfast/ledger.db");
  REQUIRE(story.run({"rebuild"}).status == 0);
  story.server->reset_journal();
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story.server->counters().gets == 0);
  CHECK(held(story) == kept);
}

TEST_CASE("somebody who floods a stream with junk pushes out nothing that keep_within holds",
          "[stories]") {
  constexpr int kNights = 40;
  Story story;
  story.init();
  story.sources[story::kSource] = "keep_within = 30d\nkeep_last = 3\n";
  for (int night = 1; night <= kNights; ++night) {
    backup(story, night);
    REQUIRE(story.pull().status == 0);
  }
  for (int night = 1; night <= 3; ++night) {
    story.let_pass(8h);
    for (int i = 0; i < 100; ++i) {
      story.put(key_of(1000 * night + i), story::noise(static_cast<std::uint64_t>(i), 10));
    }
    REQUIRE(story.pull().status == 0);
    REQUIRE(story.run({"prune"}).status == 0);
  }
  auto kept = held(story);
  for (int night = kNights - 28; night <= kNights; ++night) {
    CAPTURE(night);
    CHECK(kept.contains(key_of(night)));
  }

  // And who deletes everything upstream ends all removal.
  for (const auto& [key, content] : story.wanted) story.server->erase(story::kBucket, key);
  story.let_pass(24h * 90);
  CHECK(story.pull().status == 1);
  kept = held(story);
  const auto pruned = story.run({"prune"});
  CHECK(pruned.status == 1);
  CHECK(story::contains(pruned.err,
                        "nothing is removed while there is trouble: site (it is on "
                        "HOLD)"));
  CHECK(held(story) == kept);
}

TEST_CASE("prune --dry-run tells a person what would go and why", "[stories]") {
  Story story;
  story.init();
  for (int night = 1; night <= 5; ++night) {
    backup(story, night);
    REQUIRE(story.pull().status == 0);
  }
  story.sources[story::kSource] = "keep_last = 2\nkeep_daily = 3\n";
  const auto dry = story.run({"prune", "--dry-run"});
  CAPTURE(dry.out);
  CHECK(dry.status == 0);
  CHECK(dry.err == "");
  CHECK(story::lines(dry.out) == 7);
  CHECK(story::contains(dry.out, "site, stream db/shop-{YYYYMMDD}.sql.zst"));
  CHECK(story::contains(dry.out, "last, daily, newest"));
  CHECK(story::contains(dry.out, "no rule keeps its set"));
  CHECK(story::contains(dry.out, "1 copy would be removed (2.0 KiB), 3 kept; 1 more in later"));
  CHECK(held(story).size() == 5);
}
