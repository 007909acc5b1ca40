#include <fmt/format.h>

#include <map>
#include <random>
#include <set>

#include "tests/agent/pull_world.h"
#include "tests/support/stride.h"

// Contents that come, go and come back, in random order, beside a model that is simple enough to be
// believed: what is trusted, what is known, which alarm is open, and what was trusted when.

using agent::ExitStatus;
using agent::OnChange;
using pull_test::World;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kContents = {"the first", "a second", "one more",
                                            "and the last one"};

struct Key {
  std::optional<std::string> upstream;   ///< what the bucket has
  std::optional<std::string> looked_at;  ///< the content of it that a pull saw last
  std::optional<std::string> trusted;    ///< what lies under archives/
  std::set<std::string> known;           ///< whatever was seen, and so must be held somewhere
  std::set<std::string> quarantined;     ///< of those: what is not and was not trusted
  bool alarm = false;
  std::map<store::Time, std::string> reigns;  ///< since when which content is trusted
};

class History {
 public:
  enum class Switches { kNever, kNowAndThen };

  History(OnChange on_change, unsigned seed, Switches switches = Switches::kNever)
      : random_(seed), switches_(switches) {
    world_.disk.set_root_path("/disk");
    target_.set_root_path("/target");
    world_.other_disks["/target"] = &target_;
    world_.disk.set_has_links(seed % 2 == 0);
    world_.site().tripwire_share = std::nullopt;
    world_.site().on_change = on_change;
    // So that the bucket is never empty.
    world_.server->put("b", "steady", "what never changes");
  }

  void run(int steps) {
    start_ = world_.clock.now_s();
    for (int step = 0; step < steps; ++step) {
      world_.pass(1h);
      if (switches_ == Switches::kNowAndThen && below(8) == 0) {
        said_ += "switch; ";
        world_.site().on_change = quarantines() ? OnChange::kGenerations : OnChange::kQuarantine;
      }
      act();
    }
    look_back();
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  void act() {
    auto& [name, key] = *std::next(keys_.begin(), static_cast<std::ptrdiff_t>(below(keys_.size())));
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        key.upstream = kContents[below(kContents.size())];
        said_ += fmt::format("put {} {}; ", name, *key.upstream);
        world_.server->put("b", name, *key.upstream);
        break;
      case 3:
        key.upstream.reset();
        said_ += fmt::format("erase {}; ", name);
        world_.server->erase("b", name);
        break;
      case 4:
        ack();
        break;
      case 5:
        accept(name, key);
        break;
      default:
        pull();
    }
  }

  bool quarantines() { return world_.site().on_change == OnChange::kQuarantine; }

  void expect_pull(Key& key) {
    if (!key.upstream) return key.looked_at.reset();
    const bool another = key.looked_at != key.upstream;
    key.looked_at = key.upstream;
    const bool is_new = key.known.insert(*key.upstream).second;
    if (!key.trusted || (!quarantines() && key.trusted != key.upstream)) {
      key.trusted = key.upstream;
      key.reigns[world_.clock.now_s()] = *key.upstream;
      key.quarantined.erase(*key.upstream);
      key.alarm = false;
    } else if (quarantines() && another && key.trusted != key.upstream &&
               !key.quarantined.contains(*key.upstream)) {
      // What waits in quarantine was told of when it came there; one that was trusted once is told
      // of whenever it is put back.
      key.alarm = true;
      if (is_new) key.quarantined.insert(*key.upstream);
    }
  }

  void pull() {
    said_ += "pull; ";
    for (auto& [name, key] : keys_) expect_pull(key);
    const auto ended = world_.pull();
    CAPTURE(said_, world_.lines);
    const bool alarm = std::ranges::any_of(keys_, [](const auto& one) { return one.second.alarm; });
    REQUIRE(ended == (alarm ? ExitStatus::kAlarm : ExitStatus::kOk));
    compare();
    REQUIRE(world_.pull() == ended);
    REQUIRE(world_.server->counters().requests() == 1);
  }

  void ack() {
    if (!known_to_agent_) return;
    said_ += "ack; ";
    CAPTURE(said_, world_.lines);
    REQUIRE(world_.ack() == ExitStatus::kOk);
    for (auto& [name, key] : keys_) key.alarm = false;
    compare();
  }

  void accept(const std::string& name, Key& key) {
    if (!key.trusted || !quarantines()) return;
    said_ += fmt::format("accept {}", name);
    const auto before = *key.trusted;
    const auto ended = world_.accept(name);
    CAPTURE(said_, world_.lines);
    if (ended == ExitStatus::kOk) {
      key.trusted = world_.archive(name);
      REQUIRE(key.trusted.has_value());
      REQUIRE(key.trusted != before);
      REQUIRE(key.known.contains(*key.trusted));
      key.reigns[world_.clock.now_s()] = *key.trusted;
      key.alarm = false;
      key.quarantined.erase(*key.trusted);
      key.looked_at.reset();  // it is held against another one from now on
    } else {
      REQUIRE(ended == ExitStatus::kUsage);
    }
    said_ += fmt::format(" ({}); ", *key.trusted);
    compare();
  }

  void compare() {
    known_to_agent_ = true;
    std::size_t alarms = 0;
    for (const auto& [name, key] : keys_) {
      CAPTURE(name);
      REQUIRE(world_.archive(name) == key.trusted);
      std::set<std::string> held;
      if (key.trusted) held.insert(*key.trusted);
      for (const auto* tree : {"superseded", "quarantine"}) {
        for (auto& content : world_.contents_below(fmt::format("site/{}/{}/", tree, name))) {
          held.insert(std::move(content));
        }
      }
      REQUIRE(held == key.known);
      alarms += key.alarm ? 1 : 0;
    }
    REQUIRE(world_.source().alarms.size() == alarms);
    REQUIRE(world_.files_below(".holdfast/staging/") == 0);
  }

  void look_back() {
    const auto end = world_.clock.now_s();
    for (auto time = start_ + 30min; time < end; time += 1h) {
      World::Files wanted;
      for (const auto& [name, key] : keys_) {
        const auto next = key.reigns.upper_bound(time);
        if (next != key.reigns.begin()) wanted[name] = std::prev(next)->second;
      }
      CAPTURE(said_, (time - start_).count(), world_.lines);
      const auto ended =
          world_.restore({.source = "site", .pattern = "k*", .to = "/target", .as_of = time});
      REQUIRE(ended == (wanted.empty() ? ExitStatus::kUsage : ExitStatus::kOk));
      REQUIRE(target_.files() == wanted);
      for (const auto& [path, content] : wanted) REQUIRE(target_.remove_file(path));
    }
  }

  World world_;
  test::FaultDisk target_;
  std::mt19937_64 random_;
  const Switches switches_;
  std::map<std::string, Key> keys_ = {{"k0", {}}, {"k1", {}}};
  store::Time start_{};
  bool known_to_agent_ = false;
  std::string said_;
};

// Others each day, so that all are met in time.
template <typename Run>
void for_some_seeds(const Run& run) {
  constexpr unsigned kSeeds = 12;
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
  for_some_seeds([](unsigned seed) {
    History(OnChange::kQuarantine, seed, History::Switches::kNowAndThen).run(40);
  });
}
