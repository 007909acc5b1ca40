#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <set>

#include "agent/config/series_auto.h"
#include "tests/agent/config/naming_schemes.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sanitizer.h"

// Nights of real naming schemes, pulled and pruned. HOLDFAST_NIGHTS says how many; a year was run
// once.

using agent::ExitStatus;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

int nights_of_a_test() {
  const char* const given = std::getenv("HOLDFAST_NIGHTS");
  return given != nullptr ? std::atoi(given) : test::kSanitized ? 20 : 40;
}

std::set<std::string> held(const World& world) {
  std::set<std::string> keys;
  for (const auto& [path, content] : World::below(world.disk.files(), "site/archives/")) {
    keys.insert(path.substr(14));
  }
  return keys;
}

class Year {
 public:
  explicit Year(const naming::Scheme& scheme) : scheme_(scheme), random_(7) {
    auto& site = world.site();
    site.expect_every = 26h;
    site.shrink_alarm_share = 0.5;
    site.keep.within = 24h * 7;
    site.keep.daily = 14;
    site.keep.weekly = 8;
    site.keep.monthly = 12;
    world.config.agent.retries = 1;
  }

  // The job runs, keeps four sets in the bucket, and the mirror is pulled.
  ExitStatus night(std::size_t size_bytes = 1000, std::size_t parts = 1000) {
    world.pass(24h);
    const naming::Night at{std::chrono::floor<std::chrono::days>(world.clock.now_s()), 2, 0};
    auto keys = scheme_.keys(at, random_);
    if (keys.size() > parts) keys.resize(parts);
    for (const auto& key : keys) {
      world.server->put("b", key,
                        fmt::format("{}{:06}{}", key, sets_.size(), std::string(size_bytes, 'x')));
    }
    sets_.push_back(keys);
    if (keep_in_bucket > 0 && sets_.size() > keep_in_bucket) {
      for (const auto& key : sets_[sets_.size() - 1 - keep_in_bucket]) {
        world.server->erase("b", key);
      }
    }
    return world.pull();
  }

  void healthy(int count) {
    for (int i = 0; i < count; ++i) {
      const auto pulled = night();
      CAPTURE(scheme_.name, i, world.lines);
      REQUIRE(pulled == ExitStatus::kOk);
      REQUIRE(world.source().alarms.empty());
    }
  }

  // Of each night all is held, or nothing.
  void check_sets() const {
    const auto keys = held(world);
    for (const auto& set : sets_) {
      const auto left =
          std::ranges::count_if(set, [&](const auto& key) { return keys.contains(key); });
      CAPTURE(scheme_.name, set.front(), left);
      CHECK((left == 0 || left == static_cast<std::ptrdiff_t>(set.size())));
    }
    for (const auto& key : sets_.back()) CHECK(keys.contains(key));
  }

  World world;
  std::size_t keep_in_bucket = 0;

 private:
  const naming::Scheme& scheme_;
  std::mt19937 random_;
  std::vector<naming::Keys> sets_;
};

const naming::Scheme& scheme_of(const std::string& name) {
  static const auto all = naming::schemes();
  return *std::ranges::find(all, name, &naming::Scheme::name);
}

}  // namespace

TEST_CASE("healthy nights of each scheme raise nothing and break no set", "[year]") {
  const auto* const name =
      GENERATE("akeeba", "akeeba, random", "updraft", "vzdump", "two hosts, before '-'",
               "two hosts, after ''", "addresses", "a folder each night", "padded parts",
               "home assistant", "a random token at the end", "slugs", "uuids", "hashes");
  Year year(scheme_of(name));
  year.healthy(nights_of_a_test());
  year.check_sets();
}

TEST_CASE("weekday names raise no alarm of silence", "[year]") {
  Year year(scheme_of("weekdays"));
  year.world.site().on_change = agent::OnChange::kGenerations;
  year.world.site().tripwire_share.reset();
  year.healthy(45);
}

TEST_CASE("a quota in the bucket that removes the oldest set is no attack", "[year]") {
  const auto* const name = GENERATE("akeeba", "updraft", "a folder each night", "padded parts");
  Year year(scheme_of(name));
  year.keep_in_bucket = 4;
  year.healthy(12);
}

TEST_CASE("a part that is missing is told when the next set begins", "[year]") {
  const auto* const name = GENERATE("akeeba", "updraft", "split");
  CAPTURE(name);
  Year year(scheme_of(name));
  year.healthy(6);
  std::mt19937 any;
  const auto whole = scheme_of(name).keys({}, any).size();
  CHECK(year.night(1000, whole - 1) == ExitStatus::kOk);
  CHECK(year.night() == ExitStatus::kAlarm);
  CHECK(year.world.alarm_kinds() == std::vector<std::string>{"small"});
  CHECK(year.world.lines_with(fmt::format("it has {} of {} parts", whole - 1, whole)) == 1);
}

TEST_CASE("a set that has halved is told at once", "[year]") {
  const auto* const name = GENERATE("akeeba", "updraft", "dated with '-'");
  Year year(scheme_of(name));
  year.healthy(6);
  CHECK(year.night(300) == ExitStatus::kAlarm);
  CHECK(year.world.alarm_kinds() == std::vector<std::string>{"small"});
}

TEST_CASE("one of two machines that has died keeps its last set, and is told", "[year]") {
  const auto* const name = GENERATE("two hosts, before '-'", "addresses");
  Year year(scheme_of(name));
  year.healthy(20);
  const auto before = held(year.world);
  CHECK(year.night(1000, 1) == ExitStatus::kOk);
  CHECK(year.night(1000, 1) == ExitStatus::kOk);
  CHECK(year.night(1000, 1) == ExitStatus::kAlarm);
  CHECK(year.world.alarm_kinds() == std::vector<std::string>{"stale"});
  REQUIRE(year.world.ack() == ExitStatus::kOk);
  for (int i = 0; i < 30; ++i) REQUIRE(year.night(1000, 1) == ExitStatus::kOk);
  std::map<std::string, int> streams;
  for (const auto& key : held(year.world)) ++streams[agent::backup_name(key).stream];
  CHECK(streams.size() == 2);
}

TEST_CASE("who deletes most of a few sets is found, however much junk lies beside", "[year]") {
  Year year(scheme_of("akeeba"));
  for (int i = 0; i < 500; ++i) year.world.server->put("b", fmt::format("junk/{}x", i), "x");
  year.healthy(4);
  std::set<std::string> keys = held(year.world);
  int gone = 0;
  for (const auto& key : keys) {
    if (!key.starts_with("site-") || gone == 12) continue;
    year.world.server->erase("b", key);
    ++gone;
  }
  year.world.pass(12h);
  CHECK(year.world.pull() == ExitStatus::kAlarm);
  CHECK(year.world.alarm_kinds() == std::vector<std::string>{"mass-change"});
  CHECK(year.world.lines_with("write 'tripwire = off'") == 1);
}

TEST_CASE("a repository is refused with one sentence, and kept whole", "[year]") {
  World world;
  const std::string hex(62, 'a');
  for (int i = 10; i < 40; ++i) {
    world.server->put("b", fmt::format("r/data/{}/{}{}", i, i, hex), fmt::format("pack {}", i));
  }
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.site().keep.last = 1;
  world.site().series = agent::Series();
  const auto prune = [&] {
    return world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::prune_command(world.config, {{}, false, false}, environment, print);
    });
  };
  CHECK(prune() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("this is a repository of restic") == 1);
  CHECK(held(world).size() == 30);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.lines.empty());
  CHECK(world.source().retention.find("restic") != std::string::npos);
  world.site().series = agent::Series::parse("^(r)/").value();
  for (int i = 0; i < 3; ++i) CHECK(prune() == ExitStatus::kOk);
  CHECK(held(world).size() < 30);
}

TEST_CASE("nothing is removed in the first run, and keep_within ends at what it says", "[year]") {
  World world;
  world.site().keep.within = 24h * 3;
  for (int night = 0; night < 12; ++night) {
    for (int hour = 0; hour < 24; hour += 6) {
      world.pass(6h);
      const auto day = std::chrono::floor<std::chrono::days>(world.clock.now_s());
      const naming::Night at{day, hour, 0};
      world.server->put("b", fmt::format("db-{}-{}.sql", at.compact(), at.clock("")), "x");
    }
    REQUIRE(world.pull() == ExitStatus::kOk);
    if (night == 0) CHECK(world.source().run.removed == 0);
  }
  CHECK(held(world).size() >= 12);
  CHECK(held(world).size() <= 17);
}

TEST_CASE("history tells what came, was removed and was acknowledged", "[year]") {
  World world;
  world.site().keep.last = 2;
  for (int night = 0; night < 6; ++night) {
    world.pass(24h);
    const naming::Night at{std::chrono::floor<std::chrono::days>(world.clock.now_s())};
    world.server->put("b", "db-" + at.compact() + ".sql", "content");
    REQUIRE(world.pull() == ExitStatus::kOk);
  }
  const auto first = *held(world).begin();
  world.server->put("b", first, "another content");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  const auto history = [&](std::optional<store::Time> since, bool json) {
    REQUIRE(world.command([&](const agent::Environment& environment, const agent::Print& print) {
      return agent::history_command(world.config, {"site", since, json}, environment, print);
    }) == ExitStatus::kOk);
    std::string all;
    for (const auto& line : world.printed) all += line + "\n";
    return all;
  };
  const auto text = history(std::nullopt, false);
  for (const auto* const what : {"  came  ", "  removed  ", "  changed  ", "  quarantined  ",
                                 "  alarm  ", "  acknowledged  "}) {
    CAPTURE(text, what);
    CHECK(text.find(what) != std::string::npos);
  }
  CHECK(history(world.clock.now_s() + 1s, false).empty());
  CHECK(history(std::nullopt, true).find(R"("what":"removed","contents":1)") != std::string::npos);
}
