#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/disk/posix_disk.h"
#include "tests/store/ledger/ledger_fixture.h"
#include "tests/support/temp_dir.h"

// `status` and `list` are not to wait while a long listing is planned. Who reads gives up with an
// error when the ledger stays closed to it.

using ledger_test::archive;
using ledger_test::at;
using ledger_test::pending;
using store::Access;
using store::AlarmKind;
using store::Ledger;

namespace {

// Several times what a connection keeps in memory.
constexpr int kHeld = 6000;

std::string held_key(int i) { return fmt::format("held-{:05}", i); }

struct Planned {
  test::TempDir directory;
  std::unique_ptr<store::Disk> disk;
  std::optional<Ledger> writer;
  store::SourceId source = 0;

  Planned() {
    auto opened = store::open_posix_disk(directory.path());
    REQUIRE(opened);
    disk = std::move(*opened);
    REQUIRE(Ledger::create(*disk));
    auto ledger = Ledger::open(*disk, Access::kReadWrite);
    REQUIRE(ledger);
    writer.emplace(*std::move(ledger));
    const auto id = writer->register_source("site");
    REQUIRE(id);
    source = *id;
    std::vector<store::Placed> held;
    for (int i = 0; i < kHeld; ++i) held.push_back({source, archive(held_key(i))});
    REQUIRE(store::LedgerWriter(*writer).record(held));
  }

  std::uint64_t open_alarms_for_a_reader() {
    auto reader = Ledger::open(*disk, Access::kReadOnly);
    REQUIRE(reader);
    const auto totals = reader->totals(source);
    REQUIRE(totals);
    CHECK(totals->archives == kHeld);
    const auto alarms = reader->count_open_alarms(source);
    REQUIRE(alarms);
    return *alarms;
  }
};

}  // namespace

TEST_CASE("a reader does not wait for a plan, however much it wants and notes") {
  Planned planned;
  auto plan = planned.writer->begin_plan(planned.source, "");
  REQUIRE(plan);
  REQUIRE(plan->hold(at(1)));
  for (int i = 0; i < kHeld; ++i) {
    REQUIRE(plan->note_changed(held_key(i), ledger_test::identity("another"), at(1)));
  }
  for (int i = 0; i < 40'000; ++i) REQUIRE(plan->want(pending(fmt::format("new-{:06}", i), 1)));
  CHECK(planned.open_alarms_for_a_reader() == 0);
}

TEST_CASE("nor however many alarms a plan raises, renews and ends") {
  Planned planned;
  const std::string long_message(300, 'm');
  std::vector<Ledger::Refused> refused;
  for (int i = 0; i < kHeld; ++i) {
    refused.push_back({planned.source, held_key(i), store::RefusalKind::kUnreadable,
                       ledger_test::identity("x"), store::Role::kChanged, AlarmKind::kUnreadable,
                       long_message});
  }
  REQUIRE(planned.writer->refuse_with_alarms(refused, at(1)));
  auto plan = planned.writer->begin_plan(planned.source, "");
  REQUIRE(plan);
  for (int i = 0; i < kHeld; ++i) {
    const auto news =
        plan->raise_or_renew_alarm(AlarmKind::kChanged, held_key(i), long_message, at(2));
    REQUIRE((news && *news));
    REQUIRE(plan->note_restored(held_key(i), at(2)));
  }
  const auto again =
      plan->raise_or_renew_alarm(AlarmKind::kChanged, held_key(0), long_message, at(2));
  CHECK((again && !*again));
  const auto other = plan->raise_or_renew_alarm(AlarmKind::kChanged, held_key(0), "other", at(2));
  CHECK((other && *other));
  const auto raised = plan->raise_alarm(AlarmKind::kChanged, held_key(1), "third", at(2));
  CHECK((raised && !*raised));
  CHECK(planned.open_alarms_for_a_reader() == kHeld);
  REQUIRE(plan->commit());
  CHECK(planned.open_alarms_for_a_reader() == kHeld);
  const auto open = planned.writer->open_alarms(planned.source, 2);
  REQUIRE(open);
  REQUIRE(open->size() == 2);
  CHECK(open->at(0).kind == "changed");
  CHECK(open->at(0).key == held_key(0));
  CHECK(open->at(0).message == "other");
  CHECK(open->at(1).message == long_message);
  const auto refusals = planned.writer->refusal_counts(planned.source);
  REQUIRE(refusals);
  CHECK(refusals->unreadable == 0);
}
