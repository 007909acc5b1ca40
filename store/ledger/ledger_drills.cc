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
  Result<Query> query = database.query(kOneRun);
  if (!query) return query.error();
  const Result<bool> row = query
                               ->bind(std::string_view(drill.name), rows::seconds(drill.since),
                                      std::int64_t{succeeded ? 1 : 0})
                               .step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  DrillRun run;
  run.name = drill.name;
  run.at = rows::time(query->integer(0));
  run.source = query->integer(1);
  run.succeeded = query->integer(2) != 0;
  run.told = query->bytes(3);
  run.printed = query->bytes(4);
  run.stream = query->bytes(5);
  run.archives = static_cast<std::uint64_t>(query->integer(6));
  run.size_bytes = static_cast<std::uint64_t>(query->integer(7));
  run.made = rows::upstream_time(query->integer(8));
  run.restore_took = std::chrono::milliseconds(query->integer(9));
  run.command_took = std::chrono::milliseconds(query->integer(10));
  return run;
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
  std::vector<DrillMemory> all;
  {
    Result<Query> query =
        impl_->database.query("SELECT name, source_id, since FROM drill ORDER BY name");
    if (!query) return query.error();
    const Status read = rows::each(*query, [&](Query& row) {
      auto& drill = all.emplace_back();
      drill.name = row.bytes(0);
      drill.source = row.integer(1);
      drill.since = rows::time(row.integer(2));
      return true;
    });
    if (!read) return read.error();
  }
  for (auto& drill : all) {
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
  const Result<std::uint64_t> done = impl_->database.run(
      "INSERT OR REPLACE INTO drill (name, source_id, since) VALUES (?1, ?2, ?3)", name, source,
      rows::seconds(now));
  return done ? Status{} : done.error();
}

Status DrillView::forget_drill(std::string_view name) {
  const Result<std::uint64_t> done = impl_->database.run("DELETE FROM drill WHERE name=?1", name);
  return done ? Status{} : done.error();
}

Status DrillView::record_drill(const DrillRun& run) {
  Result<std::uint64_t> done = impl_->database.run(
      "INSERT OR REPLACE INTO drill_run (name, at, source_id, succeeded, told, printed, stream, "
      "archives, size_bytes, made, restore_ms, command_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10, ?11, ?12)",
      std::string_view(run.name), rows::seconds(run.at), run.source,
      std::int64_t{run.succeeded ? 1 : 0}, std::string_view(run.told),
      std::string_view(run.printed), Bytes{run.stream}, static_cast<std::int64_t>(run.archives),
      rows::signed_size(run.size_bytes), rows::seconds(run.made),
      static_cast<std::int64_t>(run.restore_took.count()),
      static_cast<std::int64_t>(run.command_took.count()));
  if (!done) return done.error();
  done = impl_->database.run(
      "DELETE FROM drill_run WHERE at<?1 AND at<(SELECT max(at) FROM drill_run n WHERE "
      "n.name=drill_run.name AND n.succeeded>=drill_run.succeeded)",
      rows::seconds(run.at - kKept));
  return done ? Status{} : done.error();
}

}  // namespace store
