#include "store/ledger/ledger_alarms.h"

#include <string>

#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::at;
using ledger_test::Held;

TEST_CASE("an alarm is raised once and stays until it ends") {
  Held held;
  const std::string key("k\0\xff", 3);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "first", at(5))
            .value());
  held.disk.reset_counts();
  CHECK_FALSE(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "second", at(6))
                  .value());
  CHECK(held.disk.counts().bytes_written == 0);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, "other", "third", at(7))
            .value());
  CHECK(
      held.ledger.raise_alarm(held.source, store::AlarmKind::kStale, "", "fourth", at(8)).value());

  const auto open = held.ledger.open_alarms(held.source, 2);
  REQUIRE(open->size() == 2);
  CHECK(open->at(0).kind == "changed");
  CHECK(open->at(0).key == key);
  CHECK(open->at(0).since == at(5));
  CHECK(open->at(0).message == "first");
  CHECK(held.ledger.count_open_alarms(held.source).value() == 3);

  REQUIRE(held.ledger.end_alarm(held.source, store::AlarmKind::kChanged, key, at(9)));
  CHECK(held.ledger.count_open_alarms(held.source).value() == 2);
  CHECK(held.ledger.raise_alarm(held.source, store::AlarmKind::kChanged, key, "again", at(10))
            .value());
  const auto newest = held.ledger.open_alarms(held.source, 10);
  // The gravest first, then the oldest.
  REQUIRE(newest->size() == 3);
  CHECK(newest->back().kind == "stale");
  CHECK(newest->at(1).message == "again");
  CHECK(newest->at(1).id > newest->front().id + 1);
}

TEST_CASE("an alarm that was told while the other disk was here is raised in one transaction",
          "[ledger]") {
  Held held;
  const auto told = held.ledger.replace_words(
      "other", "digest", [](const std::string&) { return true; },
      [](const store::CarriedView::VisitWord& visit) {
        return visit({"site", store::Word::What::kTold, "stale", "told", at(1), std::nullopt, "m"});
      },
      at(2));
  REQUIRE(told);
  const auto syncs_of = [&](std::string_view key) {
    held.disk.reset_counts();
    REQUIRE(held.ledger.raise_alarm(held.source, store::AlarmKind::kStale, key, "m", at(3)));
    return held.disk.counts().file_syncs;
  };
  CHECK(syncs_of("told") == syncs_of("new"));
  CHECK(held.ledger.unannounced_alarms(9)->size() == 1);
}
