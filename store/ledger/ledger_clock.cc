#include <fmt/format.h>

#include <array>
#include <string>

#include "store/ledger/ledger_impl.h"

// What the ledger knows of this machine's clock, and of ages that it cannot vouch for.
namespace store {

namespace {

struct Column {
  const char* table;
  const char* name;
};

// No time of these is yet to come. Ages of contents are not among them, nor is what only tells what
// the clock has said.
constexpr std::array<Column, 21> kRecordedTimes = {{
    {"archive", "read_at"},
    {"generation", "read_at"},
    {"generation", "placed_at"},
    {"arrival", "held_since"},
    {"stream", "first_held_since"},
    {"stream", "newest_held_since"},
    {"reign", "since"},
    {"deviation", "since"},
    {"refusal", "since"},
    {"refusal", "asked_at"},
    {"damage", "since"},
    {"damage", "looked_at"},
    {"acceptance", "at"},
    {"drill", "since"},
    {"drill_run", "at"},
    {"source", "hold_since"},
    {"source", "first_listed_at"},
    {"source", "listed_at"},
    {"source", "expiry_asked_at"},
    {"source", "scrubbed_at"},
    {"source", "reviewed_at"},
}};

}  // namespace

Result<std::optional<Time>> ClockView::newest_own_time() {
  return impl_->database.select("SELECT newest FROM own_clock").one([](const Query& row) {
    return rows::time(row.integer(0));
  });
}

Status ClockView::note_own_time(Time now) {
  return impl_->database.execute(
      "INSERT INTO own_clock (only_row, newest) VALUES (1, ?1) ON CONFLICT DO UPDATE SET "
      "newest=excluded.newest WHERE excluded.newest>newest",
      rows::seconds(now));
}

Status ClockView::doubt_ages(SourceId source) {
  return impl_->database.execute(
      "UPDATE source SET reviewed_by=NULL, doubt_after=max("
      "coalesce((SELECT newest FROM own_clock), 0), "
      "coalesce((SELECT max(held_since) FROM archive WHERE source_id=?1), 0), "
      "coalesce((SELECT max(held_since) FROM generation WHERE source_id=?1), 0)) "
      "WHERE source_id=?1 AND doubt_after IS NULL",
      source);
}

Status ClockView::bound_series(SourceId source, Time now) {
  return impl_->database.execute(
      "UPDATE stream SET newest_held_since=?2 WHERE source_id=?1 AND newest_held_since>?2", source,
      rows::seconds(now));
}

Status ClockView::settle_ages(SourceId source, Time now) {
  Database& database = impl_->database;
  // By the indices on read_at: whatever is held was read when it came.
  const Result<bool> due = database.is_true(
      "SELECT doubt_after IS NOT NULL OR coalesce((SELECT max(read_at) FROM archive WHERE "
      "source_id=?1), 0)>?2 OR coalesce((SELECT max(read_at) FROM generation WHERE source_id=?1), "
      "0)>?2 OR coalesce((SELECT max(at) FROM drill_run WHERE source_id=?1), 0)>?2 FROM source "
      "WHERE source_id=?1",
      source, rows::seconds(now));
  if (!due) return due.error();
  if (!*due) return {};
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  for (const char* const table : {"archive", "generation"}) {
    const Status done = database.execute(
        fmt::format("UPDATE {} SET held_since=?2 WHERE source_id=?1 AND held_since>min(?2, "
                    "coalesce((SELECT doubt_after FROM source WHERE source_id=?1), ?2))",
                    table),
        source, rows::seconds(now));
    if (!done) return done.error();
  }
  for (const Column& column : kRecordedTimes) {
    const Status done =
        database.execute(fmt::format("UPDATE OR REPLACE {0} SET {1}=?2 WHERE source_id=?1 AND "
                                     "{1}>?2",
                                     column.table, column.name),
                         source, rows::seconds(now));
    if (!done) return done.error();
  }
  Result<std::uint64_t> done = database.run(
      "UPDATE alarm INDEXED BY alarm_open SET since=?2 WHERE source_id=?1 AND ended_at IS NULL AND "
      "since>?2",
      source, rows::seconds(now));
  if (!done) return done.error();
  done = database.run("UPDATE source SET doubt_after=NULL, reviewed_by=NULL WHERE source_id=?1",
                      source);
  if (!done) return done.error();
  return transaction->commit();
}

}  // namespace store
