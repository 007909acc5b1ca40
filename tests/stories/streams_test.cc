#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>

#include "tests/agent/config/naming_schemes.h"
#include "tests/stories/story.h"
#include "tests/support/catch.h"

// Nights of real naming schemes, pulled and pruned by the real program, whose clock is shifted.
// HOLDFAST_NIGHTS says how many.

using naming::Keys;
using story::contains;
using story::Story;
using story::Words;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kUsual = 3'000;

int nights_of_a_test() {
  const char* const given = std::getenv("HOLDFAST_NIGHTS");
  return given == nullptr ? 16 : std::atoi(given);
}

const naming::Scheme& scheme_of(const std::string& name) {
  static const auto all = naming::schemes();
  return *std::ranges::find(all, name, &naming::Scheme::name);
}

// A job that writes one set a night, and keeps `quota` of them in the bucket.
class Job : public Story {
 public:
  explicit Job(const std::string& scheme, std::size_t quota = 0)
      : scheme_(scheme_of(scheme)), quota_(quota), random_(7) {
    sources[story::kSource] =
        "expect_every = 26h\nshrink_alarm = 50%\nkeep_within = 7d\nkeep_daily = 14\n"
        "keep_weekly = 8\nkeep_monthly = 12\n";
    init();
  }

  test::Finished night(std::size_t size_bytes = kUsual, std::size_t parts = 1000) {
    let_pass(24h);
    const naming::Night at{first_day_ + std::chrono::days{++nights_}};
    auto keys = scheme_.keys(at, random_);
    if (keys.size() > parts) keys.resize(parts);
    for (const auto& key : keys) put(key, story::noise(++contents_, size_bytes));
    sets_.push_back(keys);
    if (quota_ > 0 && sets_.size() > quota_) {
      for (const auto& key : sets_[sets_.size() - 1 - quota_]) server->erase(story::kBucket, key);
    }
    return pull();
  }

  void healthy(int count) {
    for (int i = 0; i < count; ++i) {
      const auto pulled = night();
      CAPTURE(scheme_.name, nights_, pulled.err);
      REQUIRE(pulled.status == 0);
      REQUIRE(pulled.err.empty());
    }
  }

  std::set<std::string> held() const {
    std::set<std::string> keys;
    for (const auto& [path, content] : archives()) keys.insert(path);
    return keys;
  }

  // What is held of sets whose random token has letters alone, and may be a name: one in seventeen
  // of Akeeba's. No other of that stream comes, so they stay.
  std::size_t lettered() const {
    const std::regex token("-[A-Za-z]{16}[.]j[^/]*$");
    return static_cast<std::size_t>(std::ranges::count_if(
        held(), [&](const std::string& key) { return std::regex_search(key, token); }));
  }

  // Of each night all is held, or nothing; of the last one all.
  void check_sets() const {
    const auto keys = held();
    for (const auto& set : sets_) {
      const auto left =
          std::ranges::count_if(set, [&](const auto& key) { return keys.contains(key); });
      CAPTURE(scheme_.name, set.front(), left);
      CHECK((left == 0 || left == std::ssize(set)));
    }
    for (const auto& key : sets_.back()) CHECK(keys.contains(key));
  }

  std::size_t put_so_far() const {
    std::size_t count = 0;
    for (const auto& set : sets_) count += set.size();
    return count;
  }

 private:
  const naming::Scheme& scheme_;
  const std::size_t quota_;
  std::mt19937 random_;
  const std::chrono::sys_days first_day_ =
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  int nights_ = 0;
  std::uint64_t contents_ = 0;
  std::vector<Keys> sets_;
};

}  // namespace

TEST_CASE("healthy nights of real naming schemes raise nothing, and no set is broken",
          "[stories][streams]") {
  struct Row {
    const char* scheme;
    std::size_t quota;
    bool is_pruned;
  };
  const auto row =
      GENERATE(Row{"akeeba", 0, true}, Row{"akeeba", 4, true}, Row{"akeeba, random", 0, true},
               Row{"updraft", 0, true}, Row{"updraft", 4, true}, Row{"vzdump", 0, true},
               Row{"two hosts, before '-'", 0, true}, Row{"addresses", 0, true},
               Row{"home assistant", 0, true}, Row{"slugs", 0, false}, Row{"uuids", 0, false},
               Row{"hashes", 0, false});
  CAPTURE(row.scheme, row.quota);
  Job job(row.scheme, row.quota);
  const int nights = nights_of_a_test();
  job.healthy(nights);
  job.check_sets();
  const auto held = job.held().size();
  if (!row.is_pruned) CHECK(held == job.put_so_far());
  // 14 days, and of weeks and months what these are not.
  if (row.is_pruned && nights > 60)
    CHECK((held - job.lettered()) * static_cast<std::size_t>(nights) <
          job.put_so_far() * (14 + 8 + 12 + 2));
  CHECK(story::check_sums(job).status == 0);
}

TEST_CASE("names of weekdays that come round raise nothing", "[stories][streams]") {
  Job job("weekdays");
  job.sources[story::kSource] += "on_change = generations\ntripwire = off\n";
  job.healthy(nights_of_a_test());
  CHECK(job.held().size() == 7);
}

TEST_CASE("a machine that died is told after two of its gaps, and keeps its last backups",
          "[stories][streams]") {
  Job job("two hosts, before '-'");
  job.healthy(10);
  CHECK(job.night(kUsual, 1).status == 0);
  // Two gaps are over in the second night by some seconds, or not yet.
  auto told = job.night(kUsual, 1);
  if (told.status == 0) told = job.night(kUsual, 1);
  CHECK(told.status != 0);
  CHECK(contains(told.err, "no new archive of the stream web2-{YYYY-MM-DD}.tar"));
  CHECK(job.alarm_kinds() == Words{"stale"});
  REQUIRE(job.run({"ack", story::kSource}).status == 0);
  for (int i = 0; i < 25; ++i) REQUIRE(job.night(kUsual, 1).status == 0);
  // By the rules its 14 last days stay, whenever they were.
  const auto keys = job.held();
  CHECK(std::ranges::count_if(keys, [](const auto& key) { return key.starts_with("web2-"); }) ==
        10);
}

TEST_CASE("a part that is missing is told when the next set begins", "[stories][streams]") {
  Job job("akeeba");
  job.healthy(6);
  CHECK(job.night(kUsual, 3).status == 0);
  const auto told = job.night();
  CHECK(told.status != 0);
  CHECK(contains(told.err, "it has 3 of 4 parts"));
  CHECK(job.alarm_kinds() == Words{"small"});
}

TEST_CASE("a set that has halved is told in that night", "[stories][streams]") {
  Job job("akeeba");
  job.healthy(6);
  const auto told = job.night(kUsual / 3);
  CHECK(told.status != 0);
  CHECK(contains(told.err, "it has only 3.9 KiB, and the last ones of the stream"));
  CHECK(job.alarm_kinds() == Words{"small"});
}

TEST_CASE("a mass deletion is told in that night, however much junk dilutes it",
          "[stories][streams]") {
  const bool is_diluted = GENERATE(false, true);
  CAPTURE(is_diluted);
  Job job("akeeba");
  if (is_diluted) {
    for (int i = 0; i < 300; ++i) job.put(fmt::format("junk/{}x", i), "junk");
  }
  job.healthy(5);
  int gone = 0;
  for (const auto& key : job.held()) {
    if (!key.starts_with("site-") || gone == 15) continue;
    job.server->erase(story::kBucket, key);
    ++gone;
  }
  const auto before = job.held();
  const auto told = job.night();
  CHECK(told.status != 0);
  CHECK(contains(told.err, "write 'tripwire = off'"));
  CHECK(job.source_status().at("hold") == true);
  CHECK(job.alarm_kinds() == Words{"mass-change"});
  const auto after = job.held();
  CHECK(std::ranges::includes(after, before));
}

TEST_CASE("a repository is refused at prune, in the status and with nothing removed",
          "[stories][streams]") {
  Story story;
  story.init();
  story.sources[story::kSource] = "keep_last = 1\n";
  const auto full = [](int day) {
    return fmt::format("duplicity-full.202601{:02}T020000Z.vol1.difftar.gpg", day);
  };
  for (int day = 1; day <= 6; ++day) {
    story.let_pass(24h);
    story.put(full(day), story::noise(static_cast<std::uint64_t>(day), 500));
    REQUIRE(story.pull().status == 0);
  }
  CHECK(story.archives().size() == 6);
  const auto pruned = story.run({"prune"});
  CHECK(pruned.status != 0);
  CHECK(contains(pruned.err, "the keep rules are refused: this is chains of duplicity"));
  CHECK(contains(pruned.err, "duplicity remove-older-than"));
  CHECK(contains(story.run({"status"}).out, "the keep rules are refused"));
  CHECK(story.archives().size() == 6);
}

TEST_CASE("what a prune does is told with -v, in the status and in the history",
          "[stories][streams]") {
  Story story;
  story.init();
  story.sources[story::kSource] = "keep_last = 2\n";
  std::string told;
  for (unsigned day = 1; day <= 4; ++day) {
    story.let_pass(24h);
    story.put(fmt::format("db-202601{:02}.sql", day), story::noise(day, 500));
    const auto pulled = story.run({"pull", "-v"});
    REQUIRE(pulled.status == 0);
    told = pulled.err + pulled.out;
  }
  CHECK(contains(told, "db-20260102.sql: removed: no keep rule holds its set (500 bytes)"));
  CHECK(contains(told, "retention removed 1 set with 1 copy (500 bytes)"));
  const auto run = story.source_status().at("run");
  CHECK(run.at("removed") == 1);
  CHECK(run.at("removed_bytes") == 500);
  CHECK(contains(story.run({"status"}).out, "removed"));
  const auto history = story.run({"history", story::kSource});
  CHECK(history.status == 0);
  CHECK(contains(history.out, "removed       db-20260102.sql (500 bytes)"));
  CHECK(contains(history.out, "came          db-20260104.sql (500 bytes)"));
}
