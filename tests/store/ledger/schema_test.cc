#include "store/ledger/schema.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <span>

#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"

using store::Database;
using store::DatabaseMode;
using store::ErrorKind;
using test::Fault;
using test::FaultDisk;

namespace {

constexpr std::array kTwo = {"CREATE TABLE one (a INTEGER)", "CREATE TABLE two (a INTEGER)"};
constexpr std::span<const char* const> kBoth(kTwo);

Database empty_database(FaultDisk& disk) {
  disk.plant("db", "");
  auto database = Database::open(disk, "db", DatabaseMode::kReadWrite);
  REQUIRE(database);
  return *std::move(database);
}

Database marked_database(FaultDisk& disk) {
  Database database = empty_database(disk);
  REQUIRE(database.run_script(fmt::format("PRAGMA application_id={}", store::kApplicationId)));
  return database;
}

std::int64_t version(Database& database) {
  return database.read_integer("PRAGMA user_version").value();
}

}  // namespace

TEST_CASE("a schema that was just created is up to date") {
  FaultDisk disk;
  Database database = empty_database(disk);
  REQUIRE(store::create_schema(database));
  CHECK(version(database) == std::ssize(store::migrations()));
  CHECK(store::update_schema(database, store::migrations(), false));
}

TEST_CASE("an older schema is brought up to date without losing what it holds") {
  FaultDisk disk;
  Database database = marked_database(disk);
  REQUIRE(store::update_schema(database, kBoth.first(1), true));
  REQUIRE(database.run_script("INSERT INTO one VALUES (1)"));
  SECTION("where it may be written to") {
    REQUIRE(store::update_schema(database, kBoth, true));
    CHECK(version(database) == 2);
    CHECK(database.read_integer("SELECT count(*) FROM one").value() == 1);
    CHECK(database.read_integer("SELECT count(*) FROM two").value() == 0);
  }
  SECTION("and refused where not") {
    const auto refused = store::update_schema(database, kBoth, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kReadOnly);
    CHECK(version(database) == 1);
  }
}

TEST_CASE("a schema from a newer holdfast is refused and left alone") {
  FaultDisk disk;
  Database database = marked_database(disk);
  REQUIRE(store::update_schema(database, kBoth, true));
  const auto refused = store::update_schema(database, kBoth.first(1), true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kCorrupt);
  CHECK(refused.error().detail.find("holdfast rebuild") != std::string::npos);
  CHECK(version(database) == 2);
}

TEST_CASE("another program's database is not taken for a ledger") {
  FaultDisk disk;
  Database database = empty_database(disk);
  const auto refused = store::update_schema(database, kBoth, true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kCorrupt);
  CHECK(refused.error().detail.find("holdfast rebuild") != std::string::npos);
}

TEST_CASE("a migration that is cut off has not begun or is complete") {
  bool struck = true;
  for (std::uint64_t k = 2; struck; ++k) {  // two seeds for each step
    CAPTURE(k);
    FaultDisk disk;
    disk.set_power_cut_seed(k);
    {
      Database database = marked_database(disk);
      REQUIRE(store::update_schema(database, kBoth.first(1), true));
      disk.fail_at(k / 2, Fault::kPowerCut);
      static_cast<void>(store::update_schema(database, kBoth, true));
      struck = disk.struck();
    }
    disk.heal();
    disk.restart();
    auto database = Database::open(disk, "db", DatabaseMode::kReadWrite);
    REQUIRE(database);
    CHECK(database->read_integer("SELECT count(*) FROM sqlite_schema").value() ==
          version(*database));
    CHECK(store::update_schema(*database, kBoth, true));
  }
}

TEST_CASE("a migration that fails changes nothing") {
  FaultDisk disk;
  Database database = marked_database(disk);
  constexpr std::array kBad = {"CREATE TABLE one (a INTEGER); CREATE TABLE one (a INTEGER)"};
  CHECK_FALSE(store::update_schema(database, kBad, true));
  CHECK(version(database) == 0);
  CHECK(database.read_integer("SELECT count(*) FROM sqlite_schema").value() == 0);
}
