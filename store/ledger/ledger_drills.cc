#include "store/ledger/ledger_drills.h"

#include <utility>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

constexpr std::chrono::days kKept{366};

constexpr std::string_view kOneRun =
    "SELECT at, source_id, succeeded, told, printed, stream, archives, size_bytes, made, "
    "restore_ms, command_ms FROM drill_run WHERE name=?1 AND at>=?2 AND succeeded>=?3 ORDER BY at "
    "DESC LIMIT 1";

// The newest since then.
Result<std::optional<DrillRun>> newest_run(Database& database, const DrillMemory& drill,
                                           bool succeeded) {
  return database.select(kOneRun, drill.name, rows::seconds(drill.since), succeeded)
      .one([&](const Query& row) {
        DrillRun run;
        run.name = drill.name;
        run.at = rows::time(row.integer(0));
        run.source = row.integer(1);
        run.succeeded = row.integer(2) != 0;
        run.told = row.bytes(3);
        run.printed = row.bytes(4);
        run.stream = row.bytes(5);
        run.archives = row.count(6);
        run.size_bytes = row.count(7);
        run.made = rows::upstream_time(row.integer(8));
        run.restore_took = std::chrono::milliseconds(row.integer(9));
        run.command_took = std::chrono::milliseconds(row.integer(10));
        return run;
      });
}

Status add_runs(Database& database, DrillMemory& drill) {
  auto last = newest_run(database, drill, false);
  if (!last) return last.error();
  drill.last = *std::move(last);
  auto success = newest_run(database, drill, true);
  if (!success) return success.error();
  drill.success = *std::move(success);
  return {};
}

}  // namespace

Result<std::vector<DrillMemory>> DrillView::drills() {
  auto all = impl_->database.select("SELECT name, source_id, since FROM drill ORDER BY name")
                 .all([](const Query& row) {
                   DrillMemory drill;
                   drill.name = row.bytes(0);
                   drill.source = row.integer(1);
                   drill.since = rows::time(row.integer(2));
                   return drill;
                 });
  if (!all) return all;
  for (auto& drill : *all) {
    if (Status added = add_runs(impl_->database, drill); !added) return added.error();
  }
  return all;
}

Result<std::optional<DrillMemory>> DrillView::drill(std::string_view name) {
  auto all = drills();
  if (!all) return all.error();
  for (auto& one : *all) {
    if (one.name == name) return std::move(one);
  }
  return std::nullopt;
}

Status DrillView::note_drill(std::string_view name, SourceId source, Time now) {
  const auto known = drill(name);
  if (!known) return known.error();
  if (*known && (*known)->source == source) return {};
  return impl_->database.execute(
      "INSERT OR REPLACE INTO drill (name, source_id, since) VALUES (?1, ?2, ?3)", name, source,
      rows::seconds(now));
}

Status DrillView::forget_drill(std::string_view name) {
  return impl_->database.execute("DELETE FROM drill WHERE name=?1", name);
}

Status DrillView::record_drill(const DrillRun& run) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  Status done = impl_->database.execute(
      "INSERT OR REPLACE INTO drill_run (name, at, source_id, succeeded, told, printed, stream, "
      "archives, size_bytes, made, restore_ms, command_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10, ?11, ?12)",
      run.name, rows::seconds(run.at), run.source, run.succeeded, run.told, run.printed,
      Bytes{run.stream}, static_cast<std::int64_t>(run.archives), rows::signed_size(run.size_bytes),
      rows::seconds(run.made), static_cast<std::int64_t>(run.restore_took.count()),
      static_cast<std::int64_t>(run.command_took.count()));
  if (done) {
    done = impl_->database.execute(
        "DELETE FROM drill_run WHERE at<?1 AND at<(SELECT max(at) FROM drill_run n WHERE "
        "n.name=drill_run.name AND n.succeeded>=drill_run.succeeded)",
        rows::seconds(run.at - kKept));
  }
  return done ? transaction->commit() : done;
}

}  // namespace store
