#include <map>
#include <string>
#include <vector>

#include "tests/store/ledger/ledger_fixture.h"

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
