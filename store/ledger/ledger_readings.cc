#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"

namespace store {

namespace {

AlarmKind alarm_of(Finding finding) {
  return finding == Finding::kMissing ? AlarmKind::kMissing : AlarmKind::kCorrupt;
}

class DamageRecorder {
 public:
  DamageRecorder(Database& database, SourceId source, Time now)
      : database_(database), source_(source), now_(now) {}

  // True where there was something to take back.
  Result<bool> note_right(const Holding& holding) {
    const std::string_view sql =
        holding.generation_path.empty()
            ? "UPDATE archive SET read_at=?4 WHERE source_id=?1 AND key=?2 AND ?3=''"
            : "UPDATE generation SET read_at=?4 WHERE source_id=?1 AND key=?2 AND path=?3";
    const Status done = database_.execute(sql, source_, Bytes{holding.key}, holding.generation_path,
                                          rows::seconds(now_));
    if (!done) return done.error();
    return damage::forget(database_, source_, holding.key, holding.generation_path, now_);
  }

  // False where it was known to be so.
  Result<bool> note_wrong(const Reading& reading, std::string_view message) {
    const auto& holding = reading.holding;
    const Result<std::int64_t> known = database_.read_integer(
        "SELECT finding FROM damage WHERE source_id=?1 AND key=?2 AND path=?3", source_,
        Bytes{holding.key}, holding.generation_path);
    if (!known) return known.error();
    if (*known == static_cast<std::int64_t>(reading.finding)) return note_looked_at(holding);
    const Result<bool> forgotten =
        damage::forget(database_, source_, holding.key, holding.generation_path, now_);
    if (!forgotten) return forgotten;
    const Status done = database_.execute(
        "INSERT INTO damage (source_id, key, path, finding, since, looked_at) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?5)",
        source_, Bytes{holding.key}, holding.generation_path, reading.finding, rows::seconds(now_));
    if (!done) return done.error();
    const Status raised = alarms::raise_newest(database_, source_, alarm_of(reading.finding),
                                               holding.key, message, now_);
    if (!raised) return raised.error();
    return true;
  }

 private:
  // No news.
  Result<bool> note_looked_at(const Holding& holding) {
    const Status done = database_.execute(
        "UPDATE damage SET looked_at=?4 WHERE source_id=?1 AND key=?2 AND path=?3", source_,
        Bytes{holding.key}, holding.generation_path, rows::seconds(now_));
    if (!done) return done.error();
    return false;
  }

  Database& database_;
  const SourceId source_;
  const Time now_;
};

}  // namespace

namespace damage {

Result<bool> forget(Database& database, SourceId source, std::string_view key,
                    std::string_view path, Time now) {
  const Result<std::uint64_t> done = database.run(
      "DELETE FROM damage WHERE source_id=?1 AND key=?2 AND path=?3", source, Bytes{key}, path);
  if (!done) return done.error();
  if (*done == 0) return false;
  for (const Finding finding : {Finding::kCorrupt, Finding::kMissing}) {
    const Result<bool> left = database.is_true(
        "SELECT EXISTS (SELECT 1 FROM damage WHERE source_id=?1 AND key=?2 AND finding=?3)", source,
        Bytes{key}, finding);
    if (!left) return left.error();
    if (*left) continue;
    const Status ended = alarms::end(database, source, alarm_of(finding), key, now);
    if (!ended) return ended.error();
  }
  return true;
}

}  // namespace damage

Result<std::vector<bool>> LedgerWriter::record_readings(
    SourceId source, const std::vector<Reading>& readings, Time now,
    const std::function<std::string(const Reading&)>& message) {
  std::vector<bool> news;
  if (readings.empty()) return news;
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  DamageRecorder recorder(impl_->database, source, now);
  for (const Reading& reading : readings) {
    const Result<bool> noted = reading.finding == Finding::kRight
                                   ? recorder.note_right(reading.holding)
                                   : recorder.note_wrong(reading, message(reading));
    if (!noted) return noted.error();
    news.push_back(*noted);
  }
  if (Status done = transaction->commit(); !done) return done.error();
  return news;
}

Result<HoldingView::KeyState> HoldingView::state_of_key(SourceId source, std::string_view key) {
  constexpr std::array<std::pair<std::string_view, KeyState>, 5> kTables = {
      {{"archive", KeyState::kHeld},
       {"pending", KeyState::kPending},
       {"refusal", KeyState::kRefused},
       {"generation", KeyState::kGeneration},
       {"pruned", KeyState::kRemoved}}};
  for (const auto& [table, heard] : kTables) {
    const Result<bool> found = impl_->database.is_true(
        fmt::format("SELECT EXISTS (SELECT 1 FROM {} WHERE source_id=?1 AND key=?2)", table),
        source, Bytes{key});
    if (!found) return found.error();
    if (*found) return heard;
  }
  return KeyState::kNo;
}

Result<bool> HoldingView::is_pending(SourceId source, std::string_view key) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM pending WHERE source_id=?1 AND key=?2)", source, Bytes{key});
}

Result<bool> HoldingView::has_generation_at(SourceId source, std::string_view key,
                                            std::string_view path) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM generation WHERE source_id=?1 AND key=?2 AND path=?3)", source,
      Bytes{key}, path);
}

Result<bool> ReadingView::is_damaged(SourceId source, std::string_view key) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM damage WHERE source_id=?1 AND key=?2 AND path='')", source,
      Bytes{key});
}

Result<std::optional<std::string>> ReadingView::damaged_generation(SourceId source,
                                                                   std::string_view key,
                                                                   const Sha256& sha256) {
  return impl_->database
      .select(
          "SELECT g.path FROM damage d JOIN generation g ON g.source_id=d.source_id AND "
          "g.key=d.key AND g.path=d.path WHERE d.source_id=?1 AND d.key=?2 AND g.sha256=?3 LIMIT 1",
          source, Bytes{key}, rows::digest(sha256))
      .one([](const Query& row) { return std::string(row.bytes(0)); });
}

Result<std::uint64_t> ReadingView::held_bytes(SourceId source) {
  return impl_->database.read_count(
      "SELECT s.size_bytes + coalesce((SELECT sum(size_bytes) FROM generation WHERE source_id=?1), "
      "0) FROM source s WHERE s.source_id=?1",
      source);
}

Status ReadingView::note_scrubbed(SourceId source, Time now) {
  return impl_->database.execute("UPDATE source SET scrubbed_at=?2 WHERE source_id=?1", source,
                                 rows::seconds(now));
}

}  // namespace store
