#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/disk/posix_disk.h"
#include "store/ledger/ledger_writer.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temp_dir.h"

using ledger_test::archive;
using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using ledger_test::pending;
using store::Deviation;
using store::ErrorKind;
using store::HeldKey;
using store::Ledger;
using test::Fault;

namespace {

std::vector<HeldKey> held_keys(Ledger::Plan& plan) {
  std::vector<HeldKey> keys;
  while (true) {
    const auto next = plan.next_held();
    REQUIRE(next);
    if (*next == nullptr) return keys;
    keys.push_back(**next);
  }
}

std::vector<std::string> names(const std::vector<HeldKey>& held) {
  std::vector<std::string> keys;
  for (const HeldKey& one : held) keys.push_back(one.key);
  return keys;
}

std::map<std::string, Deviation> deviations(Held& held) {
  std::map<std::string, Deviation> found;
  Ledger::Plan plan = held.begin();
  for (const HeldKey& one : held_keys(plan)) found[one.key] = one.deviation;
  return found;
}

}  // namespace

TEST_CASE("a plan sees the held keys of its prefix in byte order") {
  Held held;
  held.record({archive("b"), archive("a\xff\xff"), archive("a\xff"), archive("a"), archive("ab"),
               archive("\xff"), archive("\xff\xff"), archive("")});
  using Keys = std::vector<std::string>;
  const auto [prefix, expected] = GENERATE(table<std::string, Keys>({
      {"", Keys{"", "a", "ab", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xff"}},
      {"a", Keys{"a", "ab", "a\xff", "a\xff\xff"}},
      {"a\xff", Keys{"a\xff", "a\xff\xff"}},
      {"\xff", Keys{"\xff", "\xff\xff"}},
      {"c", Keys{}},
  }));
  Ledger::Plan plan = held.begin(prefix);
  CHECK(names(held_keys(plan)) == expected);
  CHECK(plan.next_held().value() == nullptr);
}

TEST_CASE("a plan sees what the last complete listing said of each key") {
  Held held;
  held.record({archive("a"), archive("b"), archive("c"), archive("d")});
  {
    Ledger::Plan plan = held.begin();
    REQUIRE(plan.note_vanished("b", at(1)));
    REQUIRE(plan.note_changed("c", identity("new", 77), at(1)));
    REQUIRE(plan.commit());
  }
  Ledger::Plan plan = held.begin();
  const auto keys = held_keys(plan);
  REQUIRE(keys.size() == 4);
  CHECK(keys[0].deviation == Deviation::kNone);
  CHECK(keys[0].upstream == identity("e"));
  CHECK(keys[1].deviation == Deviation::kVanished);
  CHECK(keys[2].deviation == Deviation::kChanged);
  CHECK(keys[2].changed_to == identity("new", 77));
  CHECK(keys[2].upstream == identity("e"));
}

TEST_CASE("a plan can note things while it walks through the held keys") {
  Held held;
  std::vector<store::Archive> many;
  for (int i = 0; i < 2000; ++i) many.push_back(archive("k" + std::to_string(10000 + i)));
  held.record(many);
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    Ledger::Plan plan = held.begin();
    int seen = 0;
    while (true) {
      const auto next = plan.next_held();
      REQUIRE(next);
      if (*next == nullptr) break;
      const HeldKey& key = **next;
      const int number = seen++;
      // What was noted in the round before is what this one is told.
      const auto before =
          round == 0 ? Deviation::kNone : static_cast<Deviation>((number + round - 1) % 3);
      REQUIRE(key.deviation == before);
      switch ((number + round) % 3) {
        case 0:
          REQUIRE(plan.note_same(key.key));
          break;
        case 1:
          REQUIRE(plan.note_vanished(key.key, at(round)));
          break;
        default:
          REQUIRE(plan.note_changed(key.key, identity("new"), at(round)));
          REQUIRE(plan.raise_alarm(store::AlarmKind::kChanged, key.key, "message", at(round)));
      }
      REQUIRE(plan.want(pending("new/" + key.key, number)));
    }
    CHECK(seen == 2000);
    REQUIRE(plan.commit());
  }
  CHECK(held.ledger.count_pending(held.source).value() == 2000);
}

TEST_CASE("a key may be noted out of turn, and the last word counts") {
  Held held;
  held.record({archive("a"), archive("b")});
  {
    Ledger::Plan plan = held.begin();
    REQUIRE(plan.next_held());
    REQUIRE(plan.note_vanished("b", at(1)));
    REQUIRE(plan.note_vanished("a", at(1)));
    REQUIRE(plan.note_same("a"));
    REQUIRE(plan.commit());
  }
  CHECK(deviations(held) ==
        std::map<std::string, Deviation>{{"a", Deviation::kNone}, {"b", Deviation::kVanished}});
}

TEST_CASE("an archive that is recorded again no longer deviates") {
  Held held;
  held.record({archive("a")});
  {
    Ledger::Plan plan = held.begin();
    REQUIRE(plan.note_changed("a", identity("new"), at(1)));
    REQUIRE(plan.commit());
  }
  held.record({archive("a")});
  CHECK(deviations(held).at("a") == Deviation::kNone);
}

TEST_CASE("what a plan wants replaces what an earlier one wanted under its prefix") {
  Held held;
  held.want({pending("a/1", 1), pending("a/2", 2), pending("a/3", 3), pending("b/1", 9)});
  held.want({pending("a/2", 2), pending("a/3", 3, "new"), pending("a/4", 4)}, "a/");
  CHECK(held.pending_keys() == std::vector<std::string>{"a/4", "a/3", "a/2"});
  const auto found = held.ledger.next_pending(held.source, nullptr, 10);
  CHECK(found->at(1).upstream == identity("new"));
  held.want({pending("a/4", 11)}, "a/");
  CHECK(held.pending_keys() == std::vector<std::string>{"a/4"});
  held.want({});
  CHECK(held.pending_keys().empty());
}

TEST_CASE("a plan of one source leaves the others alone") {
  Held held;
  held.want({pending("a", 1)});
  const auto other = held.ledger.register_source("other");
  auto plan = held.ledger.begin_plan(*other, "");
  REQUIRE(plan);
  CHECK(plan->next_held().value() == nullptr);
  REQUIRE(plan->want(pending("a", 1)));
  REQUIRE(plan->commit());
  CHECK(held.pending_keys().size() == 1);
  CHECK(held.ledger.count_pending(*other).value() == 1);
}

TEST_CASE("what a plan wants can be seen before it is committed, newest first") {
  Held held;
  Ledger::Plan plan = held.begin();
  for (const auto& one : {pending("a", 1), pending("b", 3), pending("c", 3), pending("a", 2)}) {
    REQUIRE(plan.want(one));
  }
  std::vector<std::string> keys;
  REQUIRE(plan.visit_wanted([&](const store::Pending& one) {
    keys.push_back(one.key);
    return true;
  }));
  CHECK(keys == std::vector<std::string>{"b", "c", "a"});
  int visited = 0;
  REQUIRE(plan.visit_wanted([&](const store::Pending&) { return ++visited < 2; }));
  CHECK(visited == 2);
}

TEST_CASE("a plan that is not committed has not happened") {
  Held held;
  held.record({archive("a")});
  held.want({pending("old", 1)});
  {
    Ledger::Plan plan = held.begin();
    REQUIRE(plan.note_vanished("a", at(1)));
    REQUIRE(plan.want(pending("new", 1)));
    REQUIRE(plan.raise_alarm(store::AlarmKind::kMassChange, "", "message", at(1)));
    CHECK(held.ledger.begin_plan(held.source, "").error().kind == ErrorKind::kBusy);
    const Ledger::Plan moved = std::move(plan);
  }
  CHECK(held.pending_keys() == std::vector<std::string>{"old"});
  CHECK(deviations(held).at("a") == Deviation::kNone);
  CHECK(held.ledger.count_open_alarms(held.source).value() == 0);
}

TEST_CASE("what the ledger is told while a plan is open becomes durable with it") {
  Held held;
  Ledger::Plan plan = held.begin();
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "md5"));
  held.record({archive("a")});
  REQUIRE(plan.commit());
  held.disk.power_cut();
  held.disk.restart();
  auto reopened = Ledger::open(held.disk, store::Access::kReadOnly);
  REQUIRE(reopened);
  CHECK(reopened->endpoint_fact("https://a", "etag").value() == "md5");
  CHECK(reopened->totals(held.source)->archives == 1);
}

TEST_CASE("a plan that is what it was before writes nothing") {
  Held held;
  held.record({archive("a"), archive("b"), archive("c")});
  const auto run = [&] {
    Ledger::Plan plan = held.begin();
    held_keys(plan);
    REQUIRE(plan.note_same("a"));
    REQUIRE(plan.note_vanished("b", at(7)));
    REQUIRE(plan.note_changed("c", identity("new"), at(7)));
    REQUIRE(plan.raise_alarm(store::AlarmKind::kChanged, "c", "message", at(7)));
    REQUIRE(plan.want(pending("d", 1)));
    REQUIRE(plan.commit());
  };
  run();
  held.disk.reset_counts();
  run();
  CHECK(held.disk.counts().bytes_written == 0);
  CHECK(held.disk.counts().file_syncs == 0);
}

TEST_CASE("a plan on a ledger that may only be read shows what would be done") {
  Held held;
  held.record({archive("a")});
  auto reader = Ledger::open(held.disk, store::Access::kReadOnly);
  REQUIRE(reader);
  auto plan = reader->begin_plan(held.source, "");
  REQUIRE(plan);
  CHECK(names(held_keys(*plan)) == std::vector<std::string>{"a"});
  REQUIRE(plan->want(pending("b", 1)));
  int wanted = 0;
  REQUIRE(plan->visit_wanted([&](const store::Pending&) { return ++wanted > 0; }));
  CHECK(wanted == 1);
  CHECK(plan->commit().error().kind == ErrorKind::kReadOnly);
}

TEST_CASE("a plan that is what it was before does not even ask to write") {
  Held held;
  held.want({pending("a", 1)});
  auto reader = Ledger::open(held.disk, store::Access::kReadOnly);
  REQUIRE(reader);
  auto plan = reader->begin_plan(held.source, "");
  REQUIRE(plan);
  REQUIRE(plan->want(pending("a", 1)));
  CHECK(plan->commit());
}

TEST_CASE("a plan of which a part failed cannot be committed") {
  Held held;
  held.record({archive("a")});
  held.disk.fail_at(1, Fault::kReadOnly);
  {
    auto plan = held.ledger.begin_plan(held.source, "");
    REQUIRE(plan);
    REQUIRE(plan->note_vanished("a", at(1)));
    CHECK_FALSE(plan->hold(at(1)));
    held.disk.heal();
    const auto committed = plan->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().kind == ErrorKind::kReadOnly);
  }
  CHECK(deviations(held).at("a") == Deviation::kNone);
}

TEST_CASE("a plan can be committed once") {
  Held held;
  Ledger::Plan plan = held.begin();
  REQUIRE(plan.want(pending("a", 1)));
  REQUIRE(plan.commit());
  CHECK_FALSE(plan.commit());
  CHECK(held.pending_keys().size() == 1);
}

// ---- many keys ---------------------------------------------------------------------------------

namespace {

constexpr int kMany = 100'000;

// As backups are named: keys of several series, so that the order by key is not the order by time.
std::string big_key(int i) {
  return "hosts/host-" + std::to_string(100 + i % 100) + "/db-" + std::to_string(10'000'000 + i) +
         ".tar.zst";
}

long status_kib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long value = 0;
    if (word == field + ":" && status >> value) return value;
  }
  return 0;
}

struct Cost {
  long grown_kib = 0;
};

// In a process of its own, so that the peak is that of this piece of work.
template <typename Work>
Cost cost_of(const std::string& root, Work work) {
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto disk = store::open_posix_disk(root);
    auto ledger = Ledger::open(**disk, store::Access::kReadWrite);
    const auto source = ledger->register_source("site");
    const long before_kib = status_kib("VmRSS");
    const bool good = work(*ledger, *source);
    const Cost cost{status_kib("VmHWM") - before_kib};
    const bool told = write(ends[1], &cost, sizeof cost) == sizeof cost;
    _exit(good && told ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  const auto got = read(ends[0], &cost, sizeof cost);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(got == sizeof cost);
  CHECK(status == 0);
  return cost;
}

bool walk(Ledger& ledger, store::SourceId source, int expected) {
  auto plan = ledger.begin_plan(source, "");
  int seen = 0;
  while (true) {
    const auto next = plan->next_held();
    if (!next) return false;
    if (*next == nullptr) break;
    if (!plan->note_same((*next)->key)) return false;
    ++seen;
  }
  return plan->commit() && seen == expected;
}

bool want_all(Ledger& ledger, store::SourceId source) {
  auto plan = ledger.begin_plan(source, "");
  for (int series = 0; series < 100; ++series) {
    for (int i = series; i < kMany; i += 100) {
      if (!plan->want(pending(big_key(i), i, "0123456789abcdef0123456789abcdef"))) return false;
    }
  }
  int visited = 0;
  if (!plan->visit_wanted([&](const store::Pending&) { return ++visited < 1000; })) return false;
  return plan->commit().has_value();
}

}  // namespace

TEST_CASE("a hundred thousand keys cost no memory") {
  const test::TempDir directory;
  {
    auto disk = store::open_posix_disk(directory.path());
    REQUIRE(disk);
    REQUIRE(Ledger::create(**disk));
  }

  const Cost first = cost_of(directory.path(), want_all);
  CHECK((test::kSanitized || first.grown_kib < 16 * 1024));
  const Cost again = cost_of(directory.path(), want_all);
  CHECK((test::kSanitized || again.grown_kib < 16 * 1024));

  cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    std::vector<store::Placed> batch;
    for (int series = 0; series < 100; ++series) {
      for (int i = series; i < kMany; i += 100) batch.push_back({source, archive(big_key(i), i)});
      if (!store::LedgerWriter(ledger).record(batch)) return false;
      batch.clear();
    }
    return true;
  });

  const Cost unchanged = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    return walk(ledger, source, kMany);
  });
  CHECK((test::kSanitized || unchanged.grown_kib < 6 * 1024));

  const Cost deviating = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    {
      auto plan = ledger.begin_plan(source, "");
      if (!plan->note_vanished(big_key(7), at(1)) || !plan->commit()) return false;
    }
    auto plan = ledger.begin_plan(source, "");
    return plan.has_value() && plan->note_same("none").has_value();
  });
  CHECK((test::kSanitized || deviating.grown_kib < 6 * 1024));
  const Cost with_deviation = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    return walk(ledger, source, kMany);
  });
  CHECK((test::kSanitized || with_deviation.grown_kib < 6 * 1024));

  const Cost vanished = cost_of(directory.path(), [](Ledger& ledger, store::SourceId source) {
    auto plan = ledger.begin_plan(source, "");
    while (true) {
      const auto next = plan->next_held();
      if (!next) return false;
      if (*next == nullptr) break;
      if (!plan->note_vanished((*next)->key, at(1))) return false;
    }
    return plan->commit().has_value();
  });
  CHECK((test::kSanitized || vanished.grown_kib < 16 * 1024));
}
