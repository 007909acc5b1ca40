#include <string>
#include <utility>

#include "store/ledger/ledger_habits.h"
#include "store/ledger/ledger_impl.h"

// What was told and said while the other one of two disks was here, asked when an alarm is raised.
namespace store::carried {
namespace {

struct Carried {
  Word::What what = Word::What::kTold;
  Time at{};
  bool has_content = false;
  std::string etag;  ///< as rows::etag_column() has it
  std::int64_t size = 0;
  std::string text;
};

Result<std::optional<Carried>> find(Database& database, SourceId source, AlarmKind kind,
                                    std::string_view key) {
  return database
      .select(
          "SELECT what, at, has_content, etag, size_bytes, text FROM carried WHERE source_id=?1 "
          "AND kind=?2 AND key=?3",
          source, name_of(kind), Bytes{key})
      .one([&](const Query& row) {
        return Carried{static_cast<Word::What>(row.integer(0)),
                       rows::time(row.integer(1)),
                       row.integer(2) != 0,
                       std::string(row.bytes(3)),
                       row.integer(4),
                       std::string(row.bytes(5))};
      });
}

Result<bool> exists(const Result<std::int64_t>& found) {
  if (!found) return found.error();
  return *found != 0;
}

// Another backup has come since, so it is another silence.
Result<bool> has_spoken_since(Database& database, SourceId source, std::string_view stream,
                              Time at) {
  if (stream.empty()) {
    return exists(database.read_integer(
        "SELECT coalesce(newest_modified, 0)>?2 FROM source WHERE source_id=?1", source,
        rows::seconds(at)));
  }
  const Result<std::optional<habits::Row>> row = habits::find(database, source, stream);
  if (!row) return row.error();
  return *row && !(**row).habit.made.empty() && (**row).habit.made.back() > at;
}

Result<bool> is_about_this(Database& database, SourceId source, AlarmKind kind,
                           std::string_view key, std::string_view message, const Carried& carried) {
  switch (kind) {
    case AlarmKind::kChanged:
      return exists(database.read_integer(
          "SELECT EXISTS (SELECT 1 FROM deviation WHERE source_id=?1 AND key=?2 AND kind=?3 AND "
          "etag=?4 AND size_bytes=?5)",
          source, Bytes{key}, Deviation::kChanged, carried.etag, carried.size));
    case AlarmKind::kMismatch:
    case AlarmKind::kUnreadable:
    case AlarmKind::kGhost:
      return exists(database.read_integer(
          "SELECT EXISTS (SELECT 1 FROM refusal WHERE source_id=?1 AND key=?2 AND etag=?3 AND "
          "size_bytes=?4)",
          source, Bytes{key}, carried.etag, carried.size));
    case AlarmKind::kExpiring:
    case AlarmKind::kNothing:
    case AlarmKind::kUnsound:
      return message == carried.text;
    case AlarmKind::kStale: {
      const Result<bool> another = has_spoken_since(database, source, key, carried.at);
      if (!another) return another;
      return !*another;
    }
    case AlarmKind::kSmall:
    case AlarmKind::kWritable:
      return true;
    default:
      return false;  // the disk's own; and a mass-change comes with its HOLD
  }
}

}  // namespace

Result<Heard> heard(Database& database, SourceId source, AlarmKind kind, std::string_view key,
                    std::string_view message) {
  const Result<std::optional<Carried>> found = find(database, source, kind, key);
  if (!found) return found.error();
  if (!*found) return Heard::kNo;
  const Result<bool> same = is_about_this(database, source, kind, key, message, **found);
  if (!same) return same.error();
  if (!*same) return Heard::kNo;
  if ((*found)->what == Word::What::kTold) return Heard::kTold;
  // It is raised by each audit, acknowledged or not.
  return kind == AlarmKind::kWritable ? Heard::kNo : Heard::kAcknowledged;
}

Result<bool> is_told_hold(Database& database, SourceId source, AlarmKind kind) {
  if (kind != AlarmKind::kMassChange) return false;
  const Result<std::optional<Carried>> found = find(database, source, kind, {});
  if (!found) return found.error();
  return *found && (*found)->what == Word::What::kTold;
}

Status forget_told(Database& database, SourceId source, AlarmKind kind, std::string_view key) {
  return database.execute(
      "DELETE FROM carried WHERE source_id=?1 AND kind=?2 AND key=?3 AND what=?4", source,
      name_of(kind), Bytes{key}, Word::What::kTold);
}

Status note_looked_at(Database& database, SourceId source, std::optional<std::int64_t> alarm) {
  constexpr std::int64_t kAll = -1;
  Status done = database.execute(
      "UPDATE deviation SET acknowledged=1 WHERE source_id=?1 AND acknowledged=0 AND (?2=?3 OR key "
      "IN (SELECT key FROM alarm WHERE alarm_id=?2 AND kind='changed' AND ended_at IS NULL))",
      source, alarm.value_or(kAll), kAll);
  if (!done) return done.error();
  if (alarm) return {};
  return forget_told(database, source, AlarmKind::kMassChange, {});
}

}  // namespace store::carried

namespace store {

Result<std::optional<CarriedView::Acknowledged>> CarriedView::acknowledged_elsewhere(
    SourceId source, AlarmKind kind, std::string_view key) {
  const auto found = carried::find(impl_->database, source, kind, key);
  if (!found) return found.error();
  if (!*found || (*found)->what != Word::What::kAcknowledged) return std::nullopt;
  return Acknowledged{(*found)->at, (*found)->text};
}

}  // namespace store
