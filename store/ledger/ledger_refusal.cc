#include <cstdint>
#include <optional>
#include <string_view>

#include "store/ledger/ledger_impl.h"

namespace store {

std::string_view name_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kUnreadable:
    case RefusalKind::kDenied:
      return "unreadable";
    case RefusalKind::kArchived:
      return "archived";
    case RefusalKind::kMismatch:
      return "mismatch";
    case RefusalKind::kGhost:
      return "ghost";
    case RefusalKind::kDeleted:
      return "deleted";
  }
  return "unreadable";
}

Result<std::optional<std::int64_t>> forget_refusal(Database& database, SourceId source, Bytes key,
                                                   std::string_view slot) {
  std::int64_t kind = 0;
  {
    Result<Query> query =
        database.query("SELECT kind FROM refusal WHERE source_id=?1 AND key=?2 AND slot=?3");
    if (!query) return query.error();
    const Result<bool> row = query->bind(source, key, slot).step();
    if (!row) return row.error();
    if (!*row) return std::nullopt;
    kind = query->integer(0);
  }
  const Result<std::uint64_t> done = database.run(
      "DELETE FROM refusal WHERE source_id=?1 AND key=?2 AND slot=?3", source, key, slot);
  if (!done) return done.error();
  return kind;
}

namespace {

struct NewRefusal {
  SourceId source;
  std::string_view key;
  RefusalKind kind;
  const Identity& upstream;
  Time now;
  std::string_view slot;
};

// False when the same was refused before.
Result<bool> ask_once_more(Database& database, const NewRefusal& refusal) {
  const Result<std::uint64_t> done = database.run(
      "UPDATE refusal SET asked_at=?7, asks=asks+1 WHERE source_id=?1 AND key=?2 AND kind=?3 AND "
      "etag=?4 AND size_bytes=?5 AND version_id=?6 AND slot=?8",
      refusal.source, Bytes{refusal.key}, static_cast<std::int64_t>(refusal.kind),
      std::string_view(rows::etag_column(refusal.upstream)),
      rows::signed_size(refusal.upstream.size_bytes), std::string_view(refusal.upstream.version_id),
      rows::seconds(refusal.now), refusal.slot);
  if (!done) return done.error();
  return *done == 0;
}

Status insert_refusal(Database& database, const NewRefusal& refusal) {
  const Result<std::optional<std::int64_t>> earlier =
      forget_refusal(database, refusal.source, Bytes{refusal.key}, refusal.slot);
  if (!earlier) return earlier.error();
  if (*earlier) {
    const Status counted = adjust_tally(database, refusal.source, kTallyRefusal,
                                        name_of(static_cast<RefusalKind>(**earlier)), -1);
    if (!counted) return counted;
  }
  const Result<std::uint64_t> done = database.run(
      "INSERT INTO refusal (source_id, key, kind, etag, size_bytes, version_id, since, asked_at, "
      "asks, slot) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1, ?8)",
      refusal.source, Bytes{refusal.key}, static_cast<std::int64_t>(refusal.kind),
      std::string_view(rows::etag_column(refusal.upstream)),
      rows::signed_size(refusal.upstream.size_bytes), std::string_view(refusal.upstream.version_id),
      rows::seconds(refusal.now), refusal.slot);
  if (!done) return done.error();
  return adjust_tally(database, refusal.source, kTallyRefusal, name_of(refusal.kind), 1);
}

// True when it is new.
Result<bool> refuse_in_transaction(Database& database, const NewRefusal& refusal) {
  const Result<std::uint64_t> done =
      database.run("DELETE FROM pending WHERE source_id=?1 AND key=?2 AND slot=?3", refusal.source,
                   Bytes{refusal.key}, refusal.slot);
  if (!done) return done.error();
  const Result<bool> is_new = ask_once_more(database, refusal);
  if (!is_new || !*is_new) return is_new;
  if (Status inserted = insert_refusal(database, refusal); !inserted) {
    return inserted.error();
  }
  return true;
}

}  // namespace

Status RefusalView::refuse(SourceId source, std::string_view key, RefusalKind kind,
                           const Identity& upstream, Time now, Role role) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  const Result<bool> is_new = refuse_in_transaction(
      impl_->database, {source, key, kind, upstream, now, rows::slot(role, upstream)});
  return is_new ? transaction->commit() : is_new.error();
}

Result<Ledger::Asked> RefusalView::refuse_and_count(SourceId source, std::string_view key,
                                                    RefusalKind kind, const Identity& upstream,
                                                    Time now, Role role) {
  if (Status refused = refuse(source, key, kind, upstream, now, role); !refused) {
    return refused.error();
  }
  Result<Query> query = impl_->database.query(
      "SELECT asks, since FROM refusal WHERE source_id=?1 AND key=?2 AND slot=?3");
  if (!query) return query.error();
  const Result<bool> row = query->bind(source, Bytes{key}, rows::slot(role, upstream)).step();
  if (!row) return row.error();
  if (!*row) return Asked{1, now};
  return Asked{static_cast<int>(query->integer(0)), rows::time(query->integer(1))};
}

Status RefusalView::ask_denied_again(SourceId source, std::string_view key, Role role,
                                     const Identity& upstream) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE refusal SET asked_at=0 WHERE source_id=?1 AND kind=?2 AND EXISTS (SELECT 1 FROM "
      "refusal r WHERE r.source_id=?1 AND r.kind=?2 AND r.key=?3 AND r.slot=?4)",
      source, static_cast<std::int64_t>(RefusalKind::kDenied), Bytes{key},
      rows::slot(role, upstream));
  return done ? Status{} : done.error();
}

Result<bool> RefusalView::refuse_with_alarm(SourceId source, std::string_view key, RefusalKind kind,
                                            const Identity& upstream, Time now, Role role,
                                            AlarmKind alarm_kind, std::string_view message) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  Result<bool> is_new = refuse_in_transaction(
      impl_->database, {source, key, kind, upstream, now, rows::slot(role, upstream)});
  if (!is_new) return is_new;
  if (*is_new) {
    is_new = alarms::raise(impl_->database, source, alarm_kind, key, message, now);
    if (!is_new) return is_new;
  }
  if (Status done = transaction->commit(); !done) return done.error();
  return is_new;
}

Result<std::vector<bool>> RefusalView::refuse_with_alarms(const std::vector<Refused>& refused,
                                                          Time now) {
  std::vector<bool> news;
  if (refused.empty()) return news;
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const auto& one : refused) {
    const Result<bool> is_new = refuse_with_alarm(one.source, one.key, one.kind, one.upstream, now,
                                                  one.role, one.alarm_kind, one.message);
    if (!is_new) return is_new.error();
    news.push_back(*is_new);
  }
  if (Status done = transaction->commit(); !done) return done.error();
  return news;
}

Result<Ledger::RefusalCounts> RefusalView::refusal_counts(SourceId source) {
  Result<Query> query =
      impl_->database.query("SELECT value, count FROM tally WHERE source_id=?1 AND subject=?2");
  if (!query) return query.error();
  query->bind(source, kTallyRefusal);
  RefusalCounts counts;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return counts;
    const auto count = static_cast<std::uint64_t>(query->integer(1));
    const std::string_view value = query->bytes(0);
    if (value == name_of(RefusalKind::kUnreadable)) counts.unreadable = count;
    if (value == name_of(RefusalKind::kArchived)) counts.archived = count;
    if (value == name_of(RefusalKind::kMismatch)) counts.mismatch = count;
  }
}

}  // namespace store
