#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "agent/config/backup_set.h"
#include "agent/config/series.h"
#include "agent/custody/prune.h"
#include "store/ledger/ledger_writer.h"
#include "tests/agent/config/naming_schemes.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/uploaded.h"

// Random histories of random naming schemes, pruned by random rules. HOLDFAST_HISTORIES says how
// many.

using namespace std::chrono_literals;
using pull_test::World;
using Set = std::set<std::string>;

namespace {

int histories() {
  const char* const given = std::getenv("HOLDFAST_HISTORIES");
  return given == nullptr ? 300 : std::atoi(given);
}

class Bench {
 public:
  Bench()
      : log_(agent::Log::Format::kText, agent::Log::Verbosity::kNormal, [](const std::string&) {}),
        environment_(world_.environment(log_)) {
    auto opened = agent::open_mirror(world_.config, environment_, store::Access::kReadWrite);
    REQUIRE(opened);
    mirror_.emplace(*std::move(opened));
  }

  void begin(int number) {
    const auto id = ledger().register_source(fmt::format("s{}", number));
    REQUIRE(id);
    source_ = *id;
  }

  void hold(const std::string& key, store::Time held_since, store::Time made, std::uint64_t size) {
    store::Archive archive;
    archive.key = key;
    archive.upstream = {"e", size, ""};
    archive.last_modified = test::uploaded(made);
    archive.sha256.fill(std::byte{1});
    archive.verified_by = store::ProofLevel::kSize;
    archive.held_since = archive.read_at = held_since;
    REQUIRE(writer().record({{source_, archive}}));
  }

  void listed(store::Time now) {
    auto plan = ledger().begin_plan(source_, "");
    REQUIRE(plan);
    REQUIRE(plan->note_listed(now));
    REQUIRE(plan->commit());
    REQUIRE(ledger().note_pulled(source_, now));
  }

  /// What a run removes, by a look that only explains.
  void prune(const agent::SourceConfig& config, store::Time now) {
    agent::Config whole = world_.config;
    whole.sources.clear();
    std::vector<store::Removal> removals;
    agent::PruneRequest request{whole, config, source_, now, {}, false, {}};
    request.tell = [&](const store::Candidate& candidate, agent::PruneDecision decision,
                       agent::Keeps) {
      if (decision != agent::PruneDecision::kRemove) return;
      removals.push_back({candidate.key, "x/" + candidate.key, true, false, 0});
    };
    const auto pruned = agent::prune_source(*mirror_, request);
    REQUIRE(pruned);
    REQUIRE_FALSE(pruned->frozen);
    REQUIRE(pruned->removed == removals.size());
    REQUIRE(writer().begin_removals(source_, removals, now));
    REQUIRE(writer().end_removals(source_, removals));
    REQUIRE(ledger().note_reviewed(source_, {"", now, false, {}, ""}));
  }

  Set held() {
    Set keys;
    REQUIRE(ledger().visit_archives(source_, [&](const store::Archive& archive) {
      keys.insert(archive.key);
      return true;
    }));
    return keys;
  }

 private:
  store::Ledger& ledger() { return mirror_->ledger; }
  store::LedgerWriter writer() { return store::LedgerWriter(ledger()); }

  World world_;
  agent::Log log_;
  agent::Environment environment_;
  std::optional<agent::Mirror> mirror_;
  store::SourceId source_ = 0;
};

const char* const kExpressions[] = {
    "auto",   "auto", "auto", "source", "^(.*)-[0-9]{8}", "^([a-z]+)", "([a-z]+)[0-9]*[.]([a-z]+)$",
    "^(.)(.)"};

agent::RetentionRules some_rules(std::mt19937& random) {
  agent::RetentionRules rules;
  if (random() % 3 == 0) rules.within = std::chrono::days{random() % 10 + 1};
  if (random() % 2 == 0) rules.last = static_cast<unsigned>(random() % 5 + 1);
  if (random() % 3 == 0) rules.daily = static_cast<unsigned>(random() % 6 + 1);
  if (random() % 4 == 0) rules.weekly = static_cast<unsigned>(random() % 3 + 1);
  if (random() % 4 == 0) rules.monthly = static_cast<unsigned>(random() % 3 + 1);
  if (!rules.any()) rules.last = 1;
  return rules;
}

class History {
 public:
  History(Bench& bench, const naming::Scheme& scheme, unsigned seed, int number)
      : bench_(bench), scheme_(scheme), random_(seed) {
    config_.name = fmt::format("s{}", number);
    spec_ = kExpressions[random_() % std::size(kExpressions)];
    config_.series = agent::Series::parse(spec_).value();
    config_.keep = some_rules(random_);
    bench_.begin(number);
  }

  void run() {
    const int nights = 8 + static_cast<int>(random_() % 12);
    const int died = random_() % 3 == 0 ? nights / 2 : nights;
    now_ = store::Time{std::chrono::sys_days{std::chrono::year{2032} / 2 / 20}};
    for (int night = 0; night < nights; ++night) {
      now_ += 24h;
      if (random_() % 8 != 0) backup(night, night >= died);
      bench_.listed(now_);
      if (random_() % 2 == 0) prune();
    }
    for (int i = 0; i < 3; ++i) prune();
  }

 private:
  // A set may straddle pulls: part of it comes a night later.
  void backup(int night, bool retired) {
    const naming::Night at{std::chrono::floor<std::chrono::days>(now_),
                           static_cast<int>(random_() % 24), static_cast<int>(random_() % 60)};
    auto keys = scheme_.keys(at, random_);
    if (retired && keys.size() > 1) keys.resize(1);
    std::shuffle(keys.begin(), keys.end(), random_);
    const auto made = now_ - std::chrono::hours{random_() % 5000};
    for (const auto& key : keys) {
      if (key.empty() || came_.contains(key)) continue;
      const bool late = random_() % 10 == 0;
      bench_.hold(key, now_ + (late ? 1s : 0s) * static_cast<int>(random_() % 60), made,
                  random_() % 1000);
      came_.insert(key);
      generated_[key] = night;
    }
  }

  void prune() {
    const auto before = bench_.held();
    bench_.prune(config_, now_ + 120s);
    const auto after = bench_.held();
    CAPTURE(scheme_.name, spec_);
    std::map<std::string, std::pair<int, int>> sets;  // held before, and after
    for (const auto& key : before) {
      auto& [was, is] = sets[std::string(agent::set_of(key))];
      ++was;
      if (after.contains(key)) ++is;
    }
    for (const auto& [set, counts] : sets) {
      CAPTURE(set);
      REQUIRE((counts.second == 0 || counts.second == counts.first));
    }
    // And by what the job itself put there in one night, where names tell it.
    if (scheme_.has_time && scheme_.name != "forged dates" && scheme_.name != "two a day" &&
        scheme_.name != "addresses" && scheme_.name != "vzdump" &&
        !scheme_.name.starts_with("two hosts, before")) {
      std::map<int, std::pair<int, int>> nights;
      for (const auto& key : before) {
        auto& [was, is] = nights[generated_.at(key)];
        ++was;
        if (after.contains(key)) ++is;
      }
      for (const auto& [night, counts] : nights) {
        REQUIRE((counts.second == 0 || counts.second == counts.first));
      }
    }
    // No stream loses its last one.
    std::set<std::string> streams_before;
    std::set<std::string> streams_after;
    for (const auto& key : before) streams_before.insert(config_.series.of(key));
    for (const auto& key : after) streams_after.insert(config_.series.of(key));
    REQUIRE(streams_before == streams_after);
  }

  Bench& bench_;
  const naming::Scheme& scheme_;
  std::mt19937 random_;
  agent::SourceConfig config_;
  std::string spec_;
  store::Time now_{};
  std::set<std::string> came_;
  std::map<std::string, int> generated_;
};

}  // namespace

TEST_CASE("there are at least thirty ways to name a backup", "[streams]") {
  CHECK(naming::schemes().size() >= 30);
}

TEST_CASE("whatever the names, the rules and the order of arrival, no prune breaks a set",
          "[streams]") {
  const auto schemes = naming::schemes();
  const int all = histories();
  for (int first = 0; first < all; first += 500) {
    Bench bench;
    for (int number = first; number < std::min(all, first + 500); ++number) {
      CAPTURE(number);
      History(bench, schemes[static_cast<std::size_t>(number) % schemes.size()],
              static_cast<unsigned>(number), number)
          .run();
    }
  }
}
