#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "store/ledger/database.h"
#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::at;

namespace {

constexpr std::int64_t kNow = 2000;
constexpr std::int64_t kYetToCome = 9000;

struct Column {
  std::string table;
  std::string name;
  std::string type;
  bool is_needed = false;
};

// What may lie in the future, and why.
const std::set<std::string> kExempt = {
    "source.review_due_at",  // a plan
    "source.pulled_since",   // only whether there is one is asked
    "placement.held_since",  // the intent of a run; its record is settled
    "placement.read_at",     // likewise
    "carried.at",            // the other disk's, which settles it
    "event.at",              // history: what the clock has said
    "walk.walked_at",        // likewise
};

bool is_time_of_ours(const Column& column) {
  return column.type == "INTEGER" &&
         (column.name == "at" || column.name.ends_with("_at") || column.name.ends_with("since"));
}

class Schema {
 public:
  explicit Schema(store::Database& database) : database_(database) {
    const auto all = database
                         .select(
                             "SELECT m.name, p.name, p.type, p.\"notnull\" FROM sqlite_schema m, "
                             "pragma_table_info(m.name) p WHERE m.type='table' AND m.name NOT "
                             "LIKE 'sqlite%'")
                         .all([](const store::Query& row) {
                           return Column{std::string(row.bytes(0)), std::string(row.bytes(1)),
                                         std::string(row.bytes(2)), row.integer(3) != 0};
                         });
    REQUIRE(all);
    columns_ = *all;
  }

  std::vector<std::string> tables_of_sources() const {
    std::set<std::string> found;
    for (const auto& column : columns_) {
      if (column.name == "source_id" && column.table != "source") found.insert(column.table);
    }
    return {found.begin(), found.end()};
  }

  /// A row in which every time of ours is yet to come. `n` makes its texts its own.
  void add_row(const std::string& table, int n) {
    std::string names;
    std::string values;
    for (const auto& column : columns_) {
      if (column.table != table || column.name == "ended_at") continue;
      const auto value = column.name == "source_id" ? std::string("1")
                         : is_time_of_ours(column)  ? std::to_string(kYetToCome + n)
                         : column.type == "INTEGER" ? std::to_string(n)
                         : column.type == "BLOB"    ? fmt::format("x'{:064x}'", n)
                                                    : fmt::format("'{}'", n);
      names += (names.empty() ? "" : ", ") + column.name;
      values += (values.empty() ? "" : ", ") + value;
    }
    INFO(table);
    REQUIRE(
        database_.execute(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, values)));
  }

  std::vector<std::string> yet_to_come() const {
    std::vector<std::string> found;
    for (const auto& column : columns_) {
      const auto name = column.table + "." + column.name;
      if (!is_time_of_ours(column) || kExempt.contains(name)) continue;
      const auto any = database_.is_true(fmt::format("SELECT EXISTS (SELECT 1 FROM {} WHERE {}>{})",
                                                     column.table, column.name, kNow));
      REQUIRE(any);
      if (*any) found.push_back(name);
    }
    return found;
  }

  void set_times_of_source() {
    for (const auto& column : columns_) {
      if (column.table != "source" || !is_time_of_ours(column)) continue;
      REQUIRE(database_.execute(fmt::format("UPDATE source SET {}={}", column.name, kYetToCome)));
    }
  }

 private:
  store::Database& database_;
  std::vector<Column> columns_;
};

store::Ledger open_ledger(store::Disk& disk) {
  auto opened = store::Ledger::open(disk, store::Access::kReadWrite);
  REQUIRE(opened);
  return *std::move(opened);
}

store::Database open_database(store::Disk& disk) {
  auto opened = store::Database::open(disk, ".holdfast/ledger.db", store::DatabaseMode::kReadWrite);
  REQUIRE(opened);
  return *std::move(opened);
}

// A ledger in which all was written by a clock that ran ahead.
void make_ahead(store::Disk& disk) {
  REQUIRE(store::Ledger::create(disk));
  REQUIRE(open_ledger(disk).register_source("site") == store::SourceId{1});
  auto database = open_database(disk);
  Schema schema(database);
  for (const auto& table : schema.tables_of_sources()) {
    for (const int n : {1, 2}) schema.add_row(table, n);
  }
  schema.set_times_of_source();
  CHECK(schema.yet_to_come().size() > 15);
}

}  // namespace

TEST_CASE("of a clock that ran ahead nothing stays that anything is judged by", "[ledger]") {
  test::FaultDisk disk;
  make_ahead(disk);
  REQUIRE(open_ledger(disk).settle_ages(1, at(kNow)));
  auto database = open_database(disk);
  CHECK(Schema(database).yet_to_come() == std::vector<std::string>{});
}

TEST_CASE("a drill that was run by a clock ahead is as old as the clock that is right",
          "[ledger]") {
  ledger_test::Held held;
  REQUIRE(held.ledger.note_drill("d", held.source, at(1000)));
  store::DrillRun run;
  run.name = "d";
  run.source = held.source;
  run.at = at(kYetToCome);
  run.succeeded = true;
  REQUIRE(held.ledger.record_drill(run));
  REQUIRE(held.ledger.settle_ages(held.source, at(kNow)));
  const auto drill = held.ledger.drill("d");
  REQUIRE((drill && *drill && (*drill)->success));
  CHECK((*drill)->success->at == at(kNow));
}
