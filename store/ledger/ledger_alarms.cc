#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "store/ledger/alarm_kind.h"
#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

// A kind's place in the table of kinds, as an expression.
const std::string& gravity() {
  static const std::string sql = [] {
    std::string text = "CASE kind";
    for (std::size_t i = 0; i < kAlarmNames.size(); ++i) {
      text += fmt::format(" WHEN '{}' THEN {}", kAlarmNames[i], i);
    }
    return text + fmt::format(" ELSE {} END", kAlarmNames.size());
  }();
  return sql;
}

Alarm alarm_of(const Query& row) {
  return {row.integer(0), std::string(row.bytes(1)), std::string(row.bytes(2)),
          rows::time(row.integer(3)), std::string(row.bytes(4))};
}

}  // namespace

// Left to itself SQLite goes through the index of all alarms of a key, or of a source, whether they
// have ended or not; so each query for open ones names that of the open ones.
namespace alarms {

Result<bool> raise(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                   std::string_view message, Time now) {
  // Not left to ON CONFLICT: AUTOINCREMENT uses up an id, which is a write, for a row that is not
  // inserted.
  const Result<bool> open = database.is_true(
      "SELECT 1 FROM alarm INDEXED BY alarm_open WHERE source_id=?1 AND kind=?2 AND key=?3 AND "
      "ended_at IS NULL",
      source, name_of(kind), Bytes{key});
  if (!open) return open.error();
  if (*open) return false;
  const Result<Heard> heard = carried::heard(database, source, kind, key, message);
  if (!heard) return heard.error();
  if (*heard == Heard::kAcknowledged) return false;
  const bool is_told = *heard == Heard::kTold;
  const Status done = database.execute(
      "INSERT INTO alarm (source_id, kind, key, since, message, announced) VALUES (?1, ?2, ?3, ?4, "
      "?5, ?6)",
      source, name_of(kind), Bytes{key}, rows::seconds(now), message, is_told);
  if (!done) return done.error();
  if (!is_told) return true;
  const Status forgotten = carried::forget_told(database, source, kind, key);
  return forgotten ? Result<bool>(false) : forgotten.error();
}

Status raise_newest(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                    std::string_view message, Time now) {
  const Result<bool> raised = raise(database, source, kind, key, message, now);
  if (!raised) return raised.error();
  if (*raised) return {};
  return database.execute(
      "UPDATE alarm INDEXED BY alarm_open SET message=?4 WHERE source_id=?1 AND kind=?2 AND key=?3 "
      "AND ended_at IS NULL",
      source, name_of(kind), Bytes{key}, message);
}

Status end(Database& database, SourceId source, AlarmKind kind, std::string_view key, Time now) {
  return database.execute(
      "UPDATE alarm INDEXED BY alarm_open SET ended_at=?4 WHERE source_id=?1 AND kind=?2 AND "
      "key=?3 AND ended_at IS NULL",
      source, name_of(kind), Bytes{key}, rows::seconds(now));
}

Result<bool> raise_or_renew(Database& database, SourceId source, AlarmKind kind,
                            std::string_view key, std::string_view message, Time now) {
  const Result<bool> raised = raise(database, source, kind, key, message, now);
  if (!raised || *raised) return raised;
  const Result<bool> is_told = carried::is_told_hold(database, source, kind);
  if (!is_told) return is_told;
  if (*is_told) {
    Status quiet = raise_newest(database, source, kind, key, message, now);
    if (quiet) quiet = carried::forget_told(database, source, kind, key);
    return quiet ? Result<bool>(false) : quiet.error();
  }
  const Result<std::uint64_t> done = database.run(
      "UPDATE alarm INDEXED BY alarm_open SET message=?4, announced=0 WHERE source_id=?1 AND "
      "kind=?2 AND key=?3 AND "
      "ended_at IS NULL AND message<>?4",
      source, name_of(kind), Bytes{key}, message);
  if (!done) return done.error();
  return *done > 0;
}

Status begin_hold(Database& database, SourceId source, Time now) {
  return database.execute(
      "UPDATE source SET hold_since=?2 WHERE source_id=?1 AND hold_since IS NULL", source,
      rows::seconds(now));
}

Status end_refusals(Database& database, SourceId source, std::string_view key, Time now) {
  struct Cause {
    AlarmKind alarm;
    RefusalKind kind;
    RefusalKind or_kind;
  };
  constexpr std::array<Cause, 3> kCauses = {{
      {AlarmKind::kUnreadable, RefusalKind::kUnreadable, RefusalKind::kDenied},
      {AlarmKind::kMismatch, RefusalKind::kMismatch, RefusalKind::kMismatch},
      {AlarmKind::kGhost, RefusalKind::kGhost, RefusalKind::kGhost},
  }};
  for (const Cause& cause : kCauses) {
    const Status done = database.execute(
        "UPDATE alarm INDEXED BY alarm_open SET ended_at=?4 WHERE source_id=?1 AND kind=?2 AND "
        "key=?3 AND ended_at IS "
        "NULL AND NOT EXISTS (SELECT 1 FROM refusal r WHERE r.source_id=?1 AND r.key=?3 AND "
        "(r.kind=?5 OR r.kind=?6))",
        source, name_of(cause.alarm), Bytes{key}, rows::seconds(now), cause.kind, cause.or_kind);
    if (!done) return done.error();
  }
  return {};
}

}  // namespace alarms

Result<bool> AlarmView::raise_alarm(SourceId source, AlarmKind kind, std::string_view key,
                                    std::string_view message, Time now) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  const Result<bool> raised = alarms::raise(impl_->database, source, kind, key, message, now);
  if (!raised) return raised;
  if (const Status done = transaction->commit(); !done) return done.error();
  return raised;
}

Status AlarmView::raise_newest_alarm(SourceId source, AlarmKind kind, std::string_view key,
                                     std::string_view message, Time now) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  const Status raised = alarms::raise_newest(impl_->database, source, kind, key, message, now);
  return raised ? transaction->commit() : raised;
}

Result<bool> AlarmView::is_open(SourceId source, AlarmKind kind, std::string_view key) {
  return impl_->database.is_true(
      "SELECT 1 FROM alarm INDEXED BY alarm_open WHERE source_id=?1 AND kind=?2 AND key=?3 AND "
      "ended_at IS NULL",
      source, name_of(kind), Bytes{key});
}

Result<bool> AlarmView::was_raised(SourceId source, AlarmKind kind, std::string_view key,
                                   Time after) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM alarm WHERE source_id=?1 AND key=?2 AND kind=?3 AND since>=?4)",
      source, Bytes{key}, name_of(kind), rows::seconds(after));
}

Status AlarmView::end_alarm(SourceId source, AlarmKind kind, std::string_view key, Time now) {
  return alarms::end(impl_->database, source, kind, key, now);
}

Result<std::vector<Alarm>> AlarmView::open_alarms(SourceId source, std::size_t limit) {
  return impl_->database
      .select(
          fmt::format("SELECT alarm_id, kind, key, since, message FROM alarm INDEXED BY alarm_open "
                      "WHERE source_id=?1 AND ended_at IS NULL ORDER BY {}, alarm_id LIMIT ?2",
                      gravity()),
          source, static_cast<std::int64_t>(limit))
      .all(alarm_of);
}

Result<std::optional<Alarm>> AlarmView::open_alarm(SourceId source, std::int64_t alarm) {
  return impl_->database
      .select(
          "SELECT alarm_id, kind, key, since, message FROM alarm WHERE source_id=?1 AND "
          "alarm_id=?2 AND ended_at IS NULL",
          source, alarm)
      .one(alarm_of);
}

Result<std::uint64_t> AlarmView::count_open_alarms(SourceId source) {
  return impl_->database.read_count(
      "SELECT count(*) FROM alarm INDEXED BY alarm_open WHERE source_id=?1 AND ended_at IS NULL",
      source);
}

Result<std::map<std::string, std::uint64_t>> AlarmView::count_open_by_kind(SourceId source) {
  std::map<std::string, std::uint64_t> counts;
  const Status read =
      impl_->database
          .select(
              "SELECT kind, count(*) FROM alarm INDEXED BY alarm_open WHERE source_id=?1 AND "
              "ended_at IS NULL GROUP BY kind",
              source)
          .each([&](const Query& row) { counts[std::string(row.bytes(0))] = row.count(1); });
  if (!read) return read.error();
  return counts;
}

Result<std::uint64_t> AlarmView::acknowledge(SourceId source, std::optional<std::int64_t> alarm,
                                             Time now) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  Status done = carried::note_looked_at(database, source, alarm);
  if (!done) return done.error();
  Result<std::uint64_t> ended =
      alarm ? database.run(
                  "UPDATE alarm SET ended_at=?2, acknowledged=1 WHERE source_id=?1 AND alarm_id=?3 "
                  "AND ended_at IS NULL",
                  source, rows::seconds(now), *alarm)
            : database.run(
                  "UPDATE alarm INDEXED BY alarm_open SET ended_at=?2, acknowledged=1 WHERE "
                  "source_id=?1 AND ended_at IS NULL",
                  source, rows::seconds(now));
  if (!ended) return ended;
  done = events::note(database, source, EventKind::kAcknowledged, {*ended, 0, {}}, now);
  if (done) done = transaction->commit();
  if (!done) return done.error();
  return ended;
}

Result<std::vector<Ledger::Unannounced>> AlarmView::unannounced_alarms(std::size_t limit) {
  return impl_->database
      .select(fmt::format("SELECT alarm_id, kind, key, since, message, source_id FROM alarm WHERE "
                          "announced=0 AND ended_at IS NULL ORDER BY {}, alarm_id LIMIT ?1",
                          gravity()),
              static_cast<std::int64_t>(limit))
      .all([](const Query& row) {
        return Unannounced{row.integer(5), alarm_of(row)};
      });
}

Result<std::vector<std::pair<std::string, std::uint64_t>>> AlarmView::count_unannounced() {
  return impl_->database
      .select(fmt::format(
          "SELECT kind, count(*) FROM alarm WHERE announced=0 AND ended_at IS NULL GROUP "
          "BY kind ORDER BY {}",
          gravity()))
      .all([](const Query& row) {
        return std::pair<std::string, std::uint64_t>(row.bytes(0), row.count(1));
      });
}

Status AlarmView::mark_announced(std::int64_t alarm) {
  return impl_->database.execute("UPDATE alarm SET announced=1 WHERE alarm_id=?1", alarm);
}

Status AlarmView::mark_all_announced() {
  return impl_->database.execute(
      "UPDATE alarm SET announced=1 WHERE announced=0 AND ended_at IS NULL");
}

Status AlarmView::end_hold(SourceId source) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  const Status done = impl_->database.execute(
      "UPDATE source SET hold_since=NULL WHERE source_id=?1 AND hold_since IS NOT NULL", source);
  if (!done) return done;
  Status noted = carried::note_looked_at(impl_->database, source, std::nullopt);
  return noted ? transaction->commit() : noted;
}

}  // namespace store
