#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "store/ledger/ledger_impl.h"

// What happened, in few rows for each run.
namespace store {

namespace events {

namespace {

constexpr std::chrono::days kKept{366};

}  // namespace

Status note(Database& database, SourceId source, EventKind what, const Count& count, Time now) {
  if (count.contents == 0 || now == Time{}) return {};
  Status done = database.execute(
      "INSERT INTO event (source_id, at, what, count, size_bytes, example) VALUES (?1, ?2, ?3, ?4, "
      "?5, ?6) ON CONFLICT DO UPDATE SET count=count+excluded.count, "
      "size_bytes=size_bytes+excluded.size_bytes",
      source, rows::seconds(now), what, static_cast<std::int64_t>(count.contents),
      rows::signed_size(count.size_bytes), Bytes{count.example});
  if (!done) return done.error();
  return database.execute("DELETE FROM event WHERE source_id=?1 AND at<?2", source,
                          rows::seconds(now - kKept));
}

Status note(Database& database, const Batch& batch) {
  std::map<std::pair<SourceId, EventKind>, Count> counts;
  const auto add = [&](SourceId source, EventKind what, std::string_view key,
                       std::uint64_t size_bytes) {
    auto& count = counts[{source, what}];
    if (count.contents++ == 0) count.example = key;
    count.size_bytes += size_bytes;
  };
  for (const auto& placed : batch.archives) {
    add(placed.source, EventKind::kCame, placed.archive.key, placed.archive.upstream.size_bytes);
  }
  for (const auto& added : batch.generations) {
    const bool quarantined = added.generation.place == Place::kQuarantine;
    add(added.source, quarantined ? EventKind::kQuarantined : EventKind::kSuperseded,
        added.generation.key, added.generation.upstream.size_bytes);
  }
  for (const auto& repaired : batch.repaired) {
    add(repaired.source, EventKind::kRepaired, repaired.key, repaired.upstream.size_bytes);
  }
  for (const auto& [of, count] : counts) {
    if (Status done = note(database, of.first, of.second, count, batch.now); !done) return done;
  }
  return {};
}

}  // namespace events

Status ReviewView::visit_events(SourceId source, Time since,
                                const std::function<bool(const Event&)>& visit) {
  return impl_->database
      .select(
          "SELECT at, what, count, size_bytes, example, '', '' FROM event WHERE source_id=?1 AND "
          "at>=?2 UNION ALL SELECT since, ?3, 1, 0, key, kind, message FROM alarm WHERE "
          "source_id=?1 AND since>=?2 UNION ALL SELECT ended_at, ?4, 1, 0, key, kind, '' FROM "
          "alarm WHERE source_id=?1 AND ended_at>=?2 UNION ALL SELECT at, CASE succeeded WHEN 1 "
          "THEN ?5 ELSE ?6 END, archives, size_bytes, name, '', told FROM drill_run WHERE "
          "source_id=?1 AND at>=?2 ORDER BY 1, 2, 5",
          source, rows::seconds(since), EventKind::kAlarm, EventKind::kAlarmEnded,
          EventKind::kDrill, EventKind::kDrillFailed)
      .each([&](const Query& row) {
        Event event;
        event.at = rows::time(row.integer(0));
        event.what = static_cast<EventKind>(row.integer(1));
        event.contents = row.count(2);
        event.size_bytes = row.count(3);
        event.key = row.bytes(4);
        event.alarm = row.bytes(5);
        event.message = row.bytes(6);
        return visit(event);
      });
}

}  // namespace store
