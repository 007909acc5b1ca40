#include "store/ledger_impl.h"

namespace store {

namespace alarms {

Result<bool> raise(Database& database, SourceId source, std::string_view kind, std::string_view key,
                   std::string_view message, Time now) {
  // Not left to ON CONFLICT: AUTOINCREMENT uses up an id, which is a write, for a row that is not
  // inserted.
  const Result<std::int64_t> open = database.read_integer(
      "SELECT 1 FROM alarm WHERE source_id=?1 AND kind=?2 AND key=?3 AND ended_at IS NULL", source,
      kind, Bytes{key});
  if (!open) return tl::unexpected(open.error());
  if (*open != 0) return false;
  const Result<std::uint64_t> done = database.run(
      "INSERT INTO alarm (source_id, kind, key, since, message) VALUES (?1, ?2, ?3, ?4, ?5)",
      source, kind, Bytes{key}, rows::seconds(now), message);
  if (!done) return tl::unexpected(done.error());
  return true;
}

Status end(Database& database, SourceId source, std::string_view kind, std::string_view key,
           Time now) {
  const Result<std::uint64_t> done = database.run(
      "UPDATE alarm SET ended_at=?4 WHERE source_id=?1 AND kind=?2 AND key=?3 AND ended_at IS NULL",
      source, kind, Bytes{key}, rows::seconds(now));
  if (!done) return tl::unexpected(done.error());
  return {};
}

}  // namespace alarms

Result<bool> Ledger::raise_alarm(SourceId source, std::string_view kind, std::string_view key,
                                 std::string_view message, Time now) {
  return alarms::raise(impl_->database, source, kind, key, message, now);
}

Status Ledger::end_alarm(SourceId source, std::string_view kind, std::string_view key, Time now) {
  return alarms::end(impl_->database, source, kind, key, now);
}

Result<std::vector<Alarm>> Ledger::open_alarms(SourceId source, std::size_t limit) {
  Result<Query> query = impl_->database.query(
      "SELECT alarm_id, kind, key, since, message FROM alarm WHERE source_id=?1 AND ended_at IS "
      "NULL ORDER BY alarm_id LIMIT ?2");
  if (!query) return tl::unexpected(query.error());
  query->bind(source, static_cast<std::int64_t>(limit));
  std::vector<Alarm> found;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return found;
    found.push_back({query->integer(0), std::string(query->bytes(1)), std::string(query->bytes(2)),
                     rows::time(query->integer(3)), std::string(query->bytes(4))});
  }
}

Result<std::uint64_t> Ledger::count_open_alarms(SourceId source) {
  const Result<std::int64_t> count = impl_->database.read_integer(
      "SELECT count(*) FROM alarm WHERE source_id=?1 AND ended_at IS NULL", source);
  if (!count) return tl::unexpected(count.error());
  return static_cast<std::uint64_t>(*count);
}

}  // namespace store
