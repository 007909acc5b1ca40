#include "store/ledger/query.h"

#include <cstdint>
#include <string>
#include <vector>

#include "store/ledger/database.h"
#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"

using store::Bytes;
using store::Database;
using store::DatabaseMode;
using store::Error;
using store::ErrorKind;
using store::Query;
using store::Status;
using test::FaultDisk;

namespace {

enum class Colour { kRed = 3 };

// Three rows: 1, 2 and 3.
struct Numbers {
  FaultDisk disk;
  Database database;

  Numbers() : database(open(disk)) {
    REQUIRE(database.run_script("CREATE TABLE t (c INTEGER);INSERT INTO t VALUES (1), (2), (3)"));
  }

 private:
  static Database open(FaultDisk& on) {
    on.plant("db", "");
    auto opened = Database::open(on, "db", DatabaseMode::kReadWrite);
    REQUIRE(opened);
    return *std::move(opened);
  }
};

std::int64_t number_of(const Query& row) { return row.integer(0); }

}  // namespace

TEST_CASE("a selection gives the first row, or says that there is none") {
  Numbers numbers;
  const auto found =
      numbers.database.select("SELECT c FROM t WHERE c>?1 ORDER BY c", 1).one(number_of);
  REQUIRE(found);
  CHECK(*found == 2);
  const auto none = numbers.database.select("SELECT c FROM t WHERE c>?1", 3).one(number_of);
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
}

TEST_CASE("a selection gives all rows in their order") {
  Numbers numbers;
  const auto found = numbers.database.select("SELECT c FROM t ORDER BY c DESC").all(number_of);
  REQUIRE(found);
  CHECK(*found == std::vector<std::int64_t>{3, 2, 1});
}

TEST_CASE("a visit of rows goes on as long as the visitor says") {
  Numbers numbers;
  std::vector<std::int64_t> seen;
  const auto visit = [&](const auto& visitor) {
    return numbers.database.select("SELECT c FROM t ORDER BY c").each(visitor);
  };
  SECTION("to the end, where it says nothing") {
    REQUIRE(visit([&](const Query& row) { seen.push_back(number_of(row)); }));
    CHECK(seen == std::vector<std::int64_t>{1, 2, 3});
  }
  SECTION("until it says no") {
    REQUIRE(visit([&](const Query& row) {
      seen.push_back(number_of(row));
      return seen.size() < 2;
    }));
    CHECK(seen == std::vector<std::int64_t>{1, 2});
  }
  SECTION("until it fails, and its error is the answer") {
    const auto visited = visit([&](const Query& row) -> Status {
      seen.push_back(number_of(row));
      return Error{ErrorKind::kBusy, 0, "", "enough"};
    });
    REQUIRE_FALSE(visited);
    CHECK(visited.error().detail == "enough");
    CHECK(seen.size() == 1);
  }
}

TEST_CASE("what is wrong with a statement is said by the call that would run it") {
  Numbers numbers;
  CHECK_FALSE(numbers.database.select("SELECT no_such_column FROM t").one(number_of));
  CHECK_FALSE(numbers.database.select("SELECT c FROM t WHERE c=?1", 1, 2).all(number_of));
  CHECK_FALSE(
      numbers.database.select("SELECT c FROM t WHERE c=?1", 1, 2).each([](const Query&) {}));
  CHECK_FALSE(numbers.database.execute("INSERT INTO no_such_table VALUES (1)"));
}

TEST_CASE("an enumeration and a bool are bound as numbers, a string as text") {
  Numbers numbers;
  const std::string text = "abc";
  const auto types = numbers.database
                         .select("SELECT ?1=3 AND ?2=1 AND ?3='abc' AND typeof(?4)='blob'",
                                 Colour::kRed, true, text, Bytes{text})
                         .one([](const Query& row) { return row.count(0); });
  REQUIRE(types);
  CHECK(*types == 1U);
}

TEST_CASE("a question of yes or no takes NULL and no row for no") {
  Numbers numbers;
  CHECK(numbers.database.is_true("SELECT EXISTS (SELECT 1 FROM t WHERE c=?1)", 2).value());
  CHECK_FALSE(numbers.database.is_true("SELECT c FROM t WHERE c=?1", 9).value());
  CHECK_FALSE(numbers.database.is_true("SELECT NULL").value());
  CHECK(numbers.database.read_count("SELECT count(*) FROM t").value() == 3U);
}
