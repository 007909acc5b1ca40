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
  const auto kind =
      database
          .select("SELECT kind FROM refusal WHERE source_id=?1 AND key=?2 AND slot=?3", source, key,
                  slot)
          .one([](const Query& row) { return row.integer(0); });
  if (!kind || !*kind) return kind;
  const Status done = database.execute(
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
      refusal.source, Bytes{refusal.key}, refusal.kind, rows::etag_column(refusal.upstream),
      rows::signed_size(refusal.upstream.size_bytes), refusal.upstream.version_id,
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
  const Status done = database.execute(
      "INSERT INTO refusal (source_id, key, kind, etag, size_bytes, version_id, since, asked_at, "
      "asks, slot) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1, ?8)",
      refusal.source, Bytes{refusal.key}, refusal.kind, rows::etag_column(refusal.upstream),
      rows::signed_size(refusal.upstream.size_bytes), refusal.upstream.version_id,
      rows::seconds(refusal.now), refusal.slot);
  if (!done) return done.error();
  return adjust_tally(database, refusal.source, kTallyRefusal, name_of(refusal.kind), 1);
}

// True when it is new.
Result<bool> refuse_in_transaction(Database& database, const NewRefusal& refusal) {
  const Status done =
      database.execute("DELETE FROM pending WHERE source_id=?1 AND key=?2 AND slot=?3",
                       refusal.source, Bytes{refusal.key}, refusal.slot);
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
  const auto asked =
      impl_->database
          .select("SELECT asks, since FROM refusal WHERE source_id=?1 AND key=?2 AND slot=?3",
                  source, Bytes{key}, rows::slot(role, upstream))
          .one([](const Query& row) {
            return Asked{static_cast<int>(row.integer(0)), rows::time(row.integer(1))};
          });
  if (!asked) return asked.error();
  return asked->value_or(Asked{1, now});
}

Status RefusalView::ask_denied_again(SourceId source, std::string_view key, Role role,
                                     const Identity& upstream) {
  return impl_->database.execute(
      "UPDATE refusal SET asked_at=0 WHERE source_id=?1 AND kind=?2 AND EXISTS (SELECT 1 FROM "
      "refusal r WHERE r.source_id=?1 AND r.kind=?2 AND r.key=?3 AND r.slot=?4)",
      source, RefusalKind::kDenied, Bytes{key}, rows::slot(role, upstream));
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
  RefusalCounts counts;
  const Status read =
      impl_->database
          .select("SELECT value, count FROM tally WHERE source_id=?1 AND subject=?2", source,
                  kTallyRefusal)
          .each([&](const Query& row) {
            const std::string_view value = row.bytes(0);
            if (value == name_of(RefusalKind::kUnreadable)) counts.unreadable = row.count(1);
            if (value == name_of(RefusalKind::kArchived)) counts.archived = row.count(1);
            if (value == name_of(RefusalKind::kMismatch)) counts.mismatch = row.count(1);
          });
  if (!read) return read.error();
  return counts;
}

}  // namespace store
