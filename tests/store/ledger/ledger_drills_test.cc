#include <vector>

#include "store/ledger/database.h"
#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::at;
using ledger_test::Held;
using test::Fault;

namespace {

constexpr std::int64_t kThen = 2000;
constexpr std::int64_t kTwoYearsLater = kThen + 2 * 366 * 86400;

store::DrillRun run_at(const Held& held, std::int64_t seconds) {
  store::DrillRun run;
  run.name = "d";
  run.source = held.source;
  run.at = at(seconds);
  run.succeeded = true;
  return run;
}

std::vector<std::int64_t> times_of_runs(store::Disk& disk) {
  auto database =
      store::Database::open(disk, ".holdfast/ledger.db", store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  std::vector<std::int64_t> times;
  const auto read =
      database->select("SELECT at FROM drill_run ORDER BY at").each([&](const store::Query& row) {
        times.push_back(row.integer(0));
      });
  REQUIRE(read);
  return times;
}

}  // namespace

TEST_CASE("a drill's run is recorded with the old ones forgotten, or not at all", "[ledger]") {
  for (const auto fault : {Fault::kIoError, Fault::kPowerCut}) {
    for (std::uint64_t k = 1;; ++k) {
      CAPTURE(static_cast<int>(fault), k);
      Held held;
      REQUIRE(held.ledger.note_drill("d", held.source, at(1000)));
      REQUIRE(held.ledger.record_drill(run_at(held, kThen)));
      held.disk.fail_at(k, fault);
      const auto recorded = held.ledger.record_drill(run_at(held, kTwoYearsLater));
      const bool struck = held.disk.struck();
      held.disk.heal();
      held.disk.restart();
      const auto times = times_of_runs(held.disk);
      REQUIRE(times.size() == 1);
      if (recorded) REQUIRE(times.front() == kTwoYearsLater);
      if (!struck) break;
    }
  }
}
