#include <fmt/format.h>

#include <map>
#include <random>
#include <set>

#include "tests/agent/listing/flapping_model.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/stride.h"

// Contents that come, go and come back, in random order, beside a model that is simple enough to be
// believed: what is trusted, what is held, which alarm is open, and what was trusted when.

using agent::ExitStatus;
using agent::OnChange;
using flapping::Mirrored;
using flapping::Sight;
using flapping::Upstream;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kContents = {"the first", "a second", "one more",
                                            "and the last one"};
const std::string kLedger(store::kLedgerPath);

/// What happens beside put, erase, pull, ack and accept.
struct Also {
  bool switches = false;  ///< of `on_change`
  bool versions = false;
  bool parts = false;  ///< the same bytes under another ETag
  bool prunes = false;
  bool rebuilds = false;
  bool kills = false;
};

struct Key {
  Upstream upstream;
  std::vector<Mirrored> possible = {{}};  ///< more than one after a kill that shows no difference
};

class History {
 public:
  History(OnChange on_change, unsigned seed, const Also& also = {}) : random_(seed), also_(also) {
    world_.disk.set_root_path("/disk");
    target_.set_root_path("/target");
    world_.other_disks["/target"] = &target_;
    world_.disk.set_has_links(seed % 2 == 0);
    world_.site().tripwire_share = std::nullopt;
    world_.site().on_change = on_change;
    if (also.versions) {
      world_.server->keep_versions("b");
      world_.site().versions = agent::Versions::kAll;
    }
    // So that the bucket is never empty.
    world_.server->put("b", "steady", "what never changes");
  }

  void run(int steps) {
    start_ = world_.clock.now_s();
    for (int step = 0; step < steps; ++step) {
      world_.pass(1h);
      if (also_.switches && below(8) == 0) {
        said_ += "switch; ";
        world_.site().on_change = quarantines() ? OnChange::kGenerations : OnChange::kQuarantine;
      }
      act();
    }
    look_back();
    check_nothing_is_missing();
  }

 private:
  using Change = std::function<void(Mirrored&, const Upstream&)>;

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool quarantines() { return world_.site().on_change == OnChange::kQuarantine; }
  flapping::Rules rules() { return {quarantines(), also_.versions, world_.clock.now_s()}; }

  void act() {
    auto& [name, key] = *std::next(keys_.begin(), static_cast<std::ptrdiff_t>(below(keys_.size())));
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        put(name, key);
        break;
      case 3:
        said_ += fmt::format("erase {}; ", name);
        key.upstream.is_there = false;
        if (!also_.versions) key.upstream.uploads.clear();
        world_.server->erase("b", name);
        break;
      case 4:
        ack();
        break;
      case 5:
        accept(name, key);
        break;
      case 6:
        also_.prunes ? prune() : pull();
        break;
      case 7:
        also_.rebuilds ? rebuild() : pull();
        break;
      default:
        pull();
    }
  }

  void put(const std::string& name, Key& key) {
    const flapping::Upload upload{kContents[below(kContents.size())], also_.parts && below(3) == 0};
    said_ += fmt::format("put {} {}{}; ", name, upload.bytes, upload.in_parts ? " (in parts)" : "");
    if (!also_.versions) key.upstream.uploads.clear();
    key.upstream.uploads.insert(key.upstream.uploads.begin(), upload);
    key.upstream.is_there = true;
    if (upload.in_parts) {
      world_.server->put_multipart("b", name, upload.bytes, 5);
    } else {
      world_.server->put("b", name, upload.bytes);
    }
  }

  // Whether the command was killed, and the mirror opened since.
  template <typename Command>
  bool killed(const Command& command) {
    if (!also_.kills || below(3) != 0) return false;
    const auto step = below(150) + 1;
    const bool loses_power = below(2) == 0;
    said_ += fmt::format("(killed at {}{}) ", step, loses_power ? ", power lost" : "");
    world_.disk.fail_at(step, loses_power ? test::Fault::kPowerCut : test::Fault::kIoError,
                        test::Lasting::kUntilHealed);
    static_cast<void>(command());
    world_.disk.heal();
    world_.disk.restart();
    return true;
  }

  void open_again() {
    const auto ended = world_.verify();
    CAPTURE(said_, world_.lines);
    REQUIRE((ended == ExitStatus::kOk || ended == ExitStatus::kAlarm));
  }

  // Of what may be the mirror's, each becomes what the change makes of it; or stays, too.
  void change(const Change& changes, bool may_stay) {
    for (auto& [name, key] : keys_) {
      std::vector<Mirrored> possible;
      if (may_stay) possible = key.possible;
      for (auto one : key.possible) {
        changes(one, key.upstream);
        if (std::ranges::find(possible, one) == possible.end()) possible.push_back(std::move(one));
      }
      key.possible = std::move(possible);
    }
  }

  void pull() {
    if (known_to_agent_ && killed([&] { return world_.pull(); })) return pull_killed();
    said_ += "pull; ";
    change([&](Mirrored& one, const Upstream& upstream) { one.pull(upstream, rules()); }, false);
    const auto ended = world_.pull();
    compare();
    CAPTURE(said_, world_.lines);
    REQUIRE(ended == (is_any_alarm_ ? ExitStatus::kAlarm : ExitStatus::kOk));
    REQUIRE(world_.pull() == ended);
    REQUIRE(world_.server->counters().requests() == 1);
    REQUIRE(world_.files_below(".holdfast/staging/") == 0);
  }

  void pull_killed() {
    said_ += "pull; ";
    open_again();
    std::map<std::string, std::vector<Mirrored>> planned;
    for (const auto& [name, key] : keys_) {
      for (auto one : key.possible) {
        one.list(key.upstream, rules());
        planned[name].push_back(std::move(one));
      }
    }
    change([&](Mirrored& one, const Upstream& upstream) { one.pull(upstream, rules()); }, true);
    for (auto& [name, states] : planned) {
      auto& possible = keys_[name].possible;
      possible.insert(possible.end(), states.begin(), states.end());
    }
    compare();
  }

  void ack() {
    if (!known_to_agent_) return;
    const bool cut = killed([&] { return world_.ack(); });
    said_ += "ack; ";
    CAPTURE(said_, world_.lines);
    if (cut) {
      open_again();
    } else {
      REQUIRE(world_.ack() == ExitStatus::kOk);
    }
    change([](Mirrored& one, const Upstream&) { one.alarm = false; }, cut);
    compare();
  }

  void accept(const std::string& name, Key& key) {
    if (!known_to_agent_) return;
    const bool cut = killed([&] { return world_.accept(name); });
    said_ += fmt::format("accept {}; ", name);
    auto ended = ExitStatus::kOk;
    if (cut) {
      open_again();
    } else {
      ended = world_.accept(name);
    }
    CAPTURE(said_, world_.lines);
    REQUIRE((ended == ExitStatus::kOk || ended == ExitStatus::kUsage));
    std::vector<Mirrored> possible;
    for (const auto& one : key.possible) {
      const bool can = one.trusted && !one.quarantined.empty();
      if (cut || (!can && ended == ExitStatus::kUsage)) possible.push_back(one);
      if (!can || ended == ExitStatus::kUsage) continue;
      for (const auto& bytes : one.quarantined) {
        possible.push_back(one);
        possible.back().accept(bytes, world_.clock.now_s());
      }
    }
    REQUIRE_FALSE(possible.empty());
    key.possible = std::move(possible);
    compare();
  }

  // Of what the rule leaves nothing is owed but that it is old enough, and that all is well.
  void prune() {
    if (!known_to_agent_) return;
    const bool was_alarm = is_any_alarm_;
    std::map<std::string, Sight> before;
    for (const auto& [name, key] : keys_) before[name] = look(name);
    world_.site().keep.within = 12h;
    const auto run = [&] {
      return world_.command([&](const agent::Environment& environment, const agent::Print& print) {
        return agent::prune_command(world_.config, {{}, false, false}, environment, print);
      });
    };
    const bool cut = killed(run);
    said_ += "prune; ";
    CAPTURE(said_, world_.lines);
    if (!cut) REQUIRE(run() != ExitStatus::kDiskFailed);
    world_.site().keep = {};
    if (cut) open_again();
    for (auto& [name, key] : keys_) {
      const auto sight = look(name);
      if (was_alarm) REQUIRE(sight.held == before[name].held);
      for (auto& one : key.possible) one.prune(sight, world_.clock.now_s());
    }
    compare();
  }

  void rebuild() {
    if (!known_to_agent_) return;
    said_ += "rebuild; ";
    REQUIRE(world_.disk.remove_file(kLedger));
    REQUIRE(world_.disk.remove_file(kLedger + "-journal"));
    killed([&] { return world_.rebuild(); });
    const auto ended = world_.rebuild();
    CAPTURE(said_, world_.lines);
    REQUIRE((ended == ExitStatus::kOk || ended == ExitStatus::kUsage));
    change([](Mirrored& one, const Upstream&) { one.rebuild(); }, false);
    compare();
  }

  // No file lies there that the ledger does not know of.
  void check_nothing_is_unlisted() {
    REQUIRE(world_.list_all() == ExitStatus::kOk);
    std::string listed;
    for (const auto& line : world_.printed) listed += line;
    for (const auto& [path, content] : world_.disk.files()) {
      const bool is_content = path.starts_with("site/archives/") ||
                              path.starts_with("site/superseded/") ||
                              path.starts_with("site/quarantine/");
      CAPTURE(said_, path);
      if (is_content) REQUIRE(listed.find(path.substr(5) + "\"") != std::string::npos);
    }
  }

  // And what the ledger knows of lies there.
  void check_nothing_is_missing() {
    REQUIRE(world_.verify_all() != ExitStatus::kDiskFailed);
    for (const auto& line : world_.lines) {
      CAPTURE(said_, line);
      REQUIRE(line.find("it is not there") == std::string::npos);
    }
  }

  Sight look(const std::string& name) {
    Sight sight;
    sight.trusted = world_.archive(name);
    if (sight.trusted) sight.held.insert(*sight.trusted);
    for (auto& content : world_.contents_below(fmt::format("site/superseded/{}/", name))) {
      sight.held.insert(std::move(content));
    }
    for (auto& content : world_.contents_below(fmt::format("site/quarantine/{}/", name))) {
      sight.held.insert(content);
      sight.in_quarantine.insert(std::move(content));
    }
    sight.alarm = alarms_.contains(name);
    return sight;
  }

  void look_at_alarms() {
    alarms_.clear();
    auto ledger = store::Ledger::open(world_.disk, store::Access::kReadOnly);
    REQUIRE(ledger);
    const auto id = ledger->find_source("site");
    REQUIRE(id);
    if (!*id) return;
    const auto open = ledger->open_alarms(**id, 100);
    REQUIRE(open);
    for (const auto& alarm : *open) {
      CAPTURE(said_, alarm.message);
      REQUIRE(alarm.kind == "changed");
      REQUIRE(alarms_.insert(alarm.key).second);
    }
  }

  void compare() {
    known_to_agent_ = true;
    look_at_alarms();
    is_any_alarm_ = !alarms_.empty();
    for (auto& [name, key] : keys_) {
      const auto sight = look(name);
      const auto first = key.possible.front();
      CAPTURE(said_, world_.lines, name, first.trusted.value_or("none"), first.held, first.alarm);
      CAPTURE(sight.trusted.value_or("none"), sight.held, sight.in_quarantine, sight.alarm);
      std::erase_if(key.possible, [&](Mirrored& one) { return !one.agrees(sight); });
      REQUIRE_FALSE(key.possible.empty());
    }
    check_nothing_is_unlisted();
  }

  void look_back() {
    const auto end = world_.clock.now_s();
    for (auto time = start_ + 30min; time < end; time += 1h) {
      const auto ended =
          world_.restore({.source = "site", .pattern = "k*", .to = "/target", .as_of = time});
      const auto files = target_.files();
      CAPTURE(said_, (time - start_).count(), world_.lines);
      REQUIRE(ended == (files.empty() ? ExitStatus::kUsage : ExitStatus::kOk));
      for (const auto& [name, key] : keys_) {
        const auto found = files.find(name);
        const auto bytes = found == files.end() ? std::nullopt : std::optional(found->second);
        std::string reigns;
        for (const auto& [since, trusted] : key.possible.front().reigns) {
          reigns += fmt::format("{}: {}; ", (since - start_).count(), trusted.value_or("none"));
        }
        CAPTURE(name, bytes.value_or("none"), reigns);
        REQUIRE(std::ranges::any_of(
            key.possible, [&](const Mirrored& one) { return one.may_restore(time, bytes); }));
      }
      for (const auto& [path, content] : files) REQUIRE(target_.remove_file(path));
    }
  }

  World world_;
  test::FaultDisk target_;
  std::mt19937_64 random_;
  const Also also_;
  std::map<std::string, Key> keys_ = {{"k0", {}}, {"k1", {}}};
  std::set<std::string> alarms_;  ///< the keys that have one
  bool is_any_alarm_ = false;
  store::Time start_{};
  bool known_to_agent_ = false;
  std::string said_;
};

// Others each day, so that all are met in time.
template <typename Run>
void for_some_seeds(const Run& run) {
  constexpr unsigned kSeeds = 6;
  const auto first = test::turn_of(1000) * kSeeds;
  for (unsigned seed = first; seed < first + kSeeds; ++seed) {
    CAPTURE(seed);
    run(seed);
  }
}

}  // namespace

TEST_CASE("with generations the archives follow the bucket, and nothing that was seen is lost",
          "[pull][flapping]") {
  for_some_seeds([](unsigned seed) { History(OnChange::kGenerations, seed).run(40); });
}

TEST_CASE("in quarantine waits whatever differs from what is trusted, and each change is told of",
          "[pull][flapping]") {
  for_some_seeds([](unsigned seed) { History(OnChange::kQuarantine, seed).run(40); });
}

TEST_CASE("who switches between quarantine and generations gets what each of them promises",
          "[pull][flapping]") {
  for_some_seeds(
      [](unsigned seed) { History(OnChange::kQuarantine, seed, {.switches = true}).run(40); });
}

TEST_CASE("every version is held once, whatever is put, erased and put again", "[pull][flapping]") {
  for_some_seeds([](unsigned seed) {
    History(OnChange::kQuarantine, seed, {.switches = true, .versions = true}).run(40);
  });
}

TEST_CASE("the same bytes under another ETag are the same content", "[pull][flapping]") {
  for_some_seeds([](unsigned seed) {
    History(OnChange::kQuarantine, seed, {.switches = true, .parts = true}).run(40);
  });
}

TEST_CASE("a rebuild and retention forget nothing that they should not", "[pull][flapping]") {
  for_some_seeds([](unsigned seed) {
    const Also also = {
        .switches = true, .versions = seed % 2 == 0, .prunes = true, .rebuilds = seed % 3 != 0};
    History(OnChange::kQuarantine, seed, also).run(50);
  });
}

TEST_CASE("whatever command is killed, and wherever, each key is as before or as after",
          "[pull][flapping]") {
  for_some_seeds([](unsigned seed) {
    const Also also = {.switches = true,
                       .versions = seed % 2 == 0,
                       .parts = seed % 3 == 0,
                       .prunes = seed % 5 == 0,
                       .rebuilds = seed % 3 == 1,
                       .kills = true};
    History(OnChange::kQuarantine, seed, also).run(50);
  });
}
