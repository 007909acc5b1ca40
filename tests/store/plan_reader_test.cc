#include <fmt/format.h>

#include <chrono>

#include "store/posix_disk.h"
#include "tests/store/ledger_fixture.h"
#include "tests/support/temp_dir.h"

// `status` and `list` are not to wait while a long listing is planned.

using ledger_test::archive;
using ledger_test::at;
using ledger_test::pending;
using store::Access;
using store::Ledger;

TEST_CASE("a reader does not wait for a plan, however much it wants and notes") {
  const test::TempDir directory;
  auto disk = store::open_posix_disk(directory.path());
  REQUIRE(disk);
  REQUIRE(Ledger::create(**disk));
  auto writer = Ledger::open(**disk, Access::kReadWrite);
  REQUIRE(writer);
  const auto source = writer->register_source("site");
  REQUIRE(source);
  std::vector<store::Placed> held;
  for (int i = 0; i < 6000; ++i) held.push_back({*source, archive(fmt::format("held-{:05}", i))});
  REQUIRE(store::LedgerWriter(*writer).record(held));
  auto plan = writer->begin_plan(*source, "");
  REQUIRE(plan);
  REQUIRE(plan->hold(at(1)));
  for (int i = 0; i < 6000; ++i) {
    const auto key = fmt::format("held-{:05}", i);
    REQUIRE(plan->note_changed(key, ledger_test::identity("another"), at(1)));
  }
  // Several times what a connection keeps in memory.
  for (int i = 0; i < 40'000; ++i) REQUIRE(plan->want(pending(fmt::format("new-{:06}", i), 1)));
  const auto begun = std::chrono::steady_clock::now();
  auto reader = Ledger::open(**disk, Access::kReadOnly);
  REQUIRE(reader);
  CHECK(reader->totals(*source)->archives == 6000);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
}
