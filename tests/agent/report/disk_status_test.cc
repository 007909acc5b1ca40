#include "agent/report/status_text.h"
#include "store/ledger/database.h"
#include "tests/agent/pull/pull_world.h"

// A disk that is there and cannot be used is shown as what it is, and what it holds stays shown.

using agent::ExitStatus;
using pull_test::World;
using test::Fault;
using test::Lasting;

namespace {

const std::string kLedger(store::kLedgerPath);

void hold_two_sources(World& world) {
  world.server->make_bucket("other");
  world.add_source("second", "other");
  for (const char* key : {"a", "b", "c"}) world.server->put("b", key, key);
  world.server->put("other", "x", "of the other");
  REQUIRE(world.pull() == ExitStatus::kOk);
}

void make_ledger_newer(World& world) {
  auto database = store::Database::open(world.disk, kLedger, store::DatabaseMode::kReadWrite);
  REQUIRE(database);
  REQUIRE(database->run_script("PRAGMA user_version=9999"));
}

}  // namespace

TEST_CASE("a disk that is there and cannot be used is not called absent", "[pull][status]") {
  World world;
  hold_two_sources(world);
  const auto before = world.status();
  std::string says;
  SECTION("it is read-only") {
    says = "read-only";
    world.disk.fail_at(1, Fault::kReadOnly, Lasting::kUntilHealed);
  }
  SECTION("its ledger is from a newer holdfast") {
    says = "newer holdfast";
    make_ledger_newer(world);
  }
  SECTION("its ledger is missing") {
    says = "is missing";
    REQUIRE(world.disk.remove_file(kLedger));
  }
  SECTION("its marker cannot be read") {
    says = "may be failing";
    world.disk.set_hook([](std::string_view operation, std::string_view path) {
      const bool fails = operation == "read" && path == store::kMarkerPath;
      return fails ? std::optional(store::error_from_errno(EIO, operation, path)) : std::nullopt;
    });
  }
  CHECK(world.pull() == ExitStatus::kDiskFailed);
  CHECK(world.lines_with(says) == 1);
  const auto after = world.status();
  CHECK(after.state == agent::RunState::kFailed);
  if (says != "may be failing") {
    CHECK(after.disk.present);
    CHECK(after.disk.id == before.disk.id);
    CHECK(after.disk.filesystem == before.disk.filesystem);
    CHECK(after.disk.total_bytes == before.disk.total_bytes);
  }
  const auto text = agent::to_text(after, world.clock.now_s());
  CHECK(text.find("absent") == std::string::npos);
  CHECK(text.find(says) != std::string::npos);
  CHECK(world.source().archives == 3);
  CHECK(world.source().run.listed == 3);
  CHECK(world.source("second").archives == 1);
}

TEST_CASE("status without a status file says what is wrong with the disk", "[status]") {
  World world;
  hold_two_sources(world);
  world.status_text.reset();
  std::string says;
  SECTION("its ledger is from a newer holdfast") {
    says = "newer holdfast";
    make_ledger_newer(world);
  }
  SECTION("its ledger is missing") {
    says = "'holdfast rebuild'";
    REQUIRE(world.disk.remove_file(kLedger));
  }
  const auto status = world.command([&](const auto& environment, const auto& print) {
    return agent::status_command(world.config, {}, environment, print);
  });
  CHECK(status == ExitStatus::kOk);
  REQUIRE(world.printed.size() == 1);
  auto told = world.printed[0];
  // In one line, as it was before it was made to fit a terminal.
  for (auto at = told.find('\n'); at != std::string::npos; at = told.find('\n')) {
    const auto next = std::min(told.find_first_not_of("\n ", at), told.size());
    told.replace(at, next - at, " ");
  }
  CHECK(told.find(says) != std::string::npos);
  CHECK(told.find("absent") == std::string::npos);
}

TEST_CASE("whenever the disk fails, the status file shows no less than is held", "[pull][status]") {
  World world;
  hold_two_sources(world);
  const auto whole = world.status_text;
  const auto lasting = GENERATE(Lasting::kOnce, Lasting::kUntilHealed);
  bool struck = true;
  for (std::uint64_t step = 1; struck; step += 3) {
    CAPTURE(step);
    world.status_text = whole;
    world.disk.fail_at(step, Fault::kIoError, lasting);
    static_cast<void>(world.pull());
    struck = world.disk.struck();
    CHECK(world.source().archives == 3);
    CHECK(world.source().verified_by.size() == 1);
    CHECK(world.source("second").archives == 1);
    CHECK(world.source("second").newest.has_value());
    world.disk.heal();
    world.disk.restart();
  }
}
