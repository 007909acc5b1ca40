#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "store/ledger_impl.h"

namespace store {

namespace {

// What a batch does to the sums of one source, written once at its end.
struct Difference {
  std::int64_t archives = 0;
  std::int64_t size_bytes = 0;
  std::map<std::string, std::int64_t> verified_by;
  std::map<std::int64_t, std::int64_t> refusals;  // by RefusalKind
  const Archive* newest = nullptr;
  bool newest_may_have_aged = false;
};

// What is run for each archive avoids RETURNING and IN: for these SQLite builds a table of its own
// each time, which costs as much as all the rest.

/// The kind of the refusal that there was.
Result<std::optional<std::int64_t>> forget_refusal(Database& database, SourceId source, Bytes key) {
  std::int64_t kind = 0;
  {
    Result<Query> query = database.query("SELECT kind FROM refusal WHERE source_id=?1 AND key=?2");
    if (!query) return tl::unexpected(query.error());
    const Result<bool> row = query->bind(source, key).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return std::nullopt;
    kind = query->integer(0);
  }
  const Result<std::uint64_t> done =
      database.run("DELETE FROM refusal WHERE source_id=?1 AND key=?2", source, key);
  if (!done) return tl::unexpected(done.error());
  return kind;
}

class Recorder {
 public:
  explicit Recorder(Database& database) : database_(database) {}

  Status add(const Ledger::Placed& placed) {
    Difference& difference = differences_[placed.source];
    const Archive& archive = placed.archive;
    Status done = take_out(placed.source, archive, difference);
    if (!done) return done;
    done = insert(placed.source, archive);
    if (!done) return done;
    done = settle(placed.source, archive, difference);
    if (!done) return done;

    ++difference.archives;
    difference.size_bytes += rows::signed_size(archive.upstream.size_bytes);
    ++difference.verified_by[archive.verified_by];
    const Archive* const newest = difference.newest;
    if (newest == nullptr || std::tie(newest->last_modified, newest->key) <=
                                 std::tie(archive.last_modified, archive.key)) {
      difference.newest = &archive;
    }
    return {};
  }

  Status write_sums() {
    for (const auto& [source, difference] : differences_) {
      Status done = write_sums_of(source, difference);
      if (!done) return done;
    }
    return {};
  }

 private:
  // A key that is recorded again (another content was accepted for it) counts once.
  Status take_out(SourceId source, const Archive& archive, Difference& difference) {
    Result<Query> query = database_.query(
        "SELECT size_bytes, verified_by, last_modified FROM archive WHERE source_id=?1 AND key=?2");
    if (!query) return tl::unexpected(query.error());
    const Result<bool> row = query->bind(source, Bytes{archive.key}).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    --difference.archives;
    difference.size_bytes -= query->integer(0);
    --difference.verified_by[std::string(query->bytes(1))];
    if (rows::time(query->integer(2)) > archive.last_modified) {
      difference.newest_may_have_aged = true;
    }
    const Result<std::uint64_t> same = database_.run(
        "DELETE FROM deviation WHERE source_id=?1 AND key=?2", source, Bytes{archive.key});
    if (!same) return tl::unexpected(same.error());
    return {};
  }

  Status insert(SourceId source, const Archive& archive) {
    const auto* const digest = reinterpret_cast<const char*>(archive.sha256.data());
    const Result<std::uint64_t> done = database_.run(
        "INSERT OR REPLACE INTO archive (source_id, key, variant, etag, size_bytes, version_id, "
        "last_modified, sha256, verified_by, held_since, read_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        source, Bytes{archive.key}, std::int64_t{archive.variant == NameVariant::kPlain ? 0 : 1},
        std::string_view(archive.upstream.etag), rows::signed_size(archive.upstream.size_bytes),
        std::string_view(archive.upstream.version_id), rows::seconds(archive.last_modified),
        Bytes{{digest, archive.sha256.size()}}, std::string_view(archive.verified_by),
        rows::seconds(archive.held_since), rows::seconds(archive.read_at));
    if (!done) return tl::unexpected(done.error());
    return {};
  }

  Status settle(SourceId source, const Archive& archive, Difference& difference) {
    const Bytes key{archive.key};
    const Result<std::uint64_t> done =
        database_.run("DELETE FROM pending WHERE source_id=?1 AND key=?2", source, key);
    if (!done) return tl::unexpected(done.error());
    const Result<std::optional<std::int64_t>> refused = forget_refusal(database_, source, key);
    if (!refused) return tl::unexpected(refused.error());
    if (*refused) --difference.refusals[**refused];
    for (const std::string_view kind : {"unreadable", "mismatch"}) {
      const Status ended = alarms::end(database_, source, kind, archive.key, archive.held_since);
      if (!ended) return ended;
    }
    return {};
  }

  Status write_sums_of(SourceId source, const Difference& difference) {
    for (const auto& [value, count] : difference.verified_by) {
      Status done = adjust_tally(database_, source, kTallyVerifiedBy, value, count);
      if (!done) return done;
    }
    for (const auto& [kind, count] : difference.refusals) {
      Status done = adjust_tally(database_, source, kTallyRefusal,
                                 name_of(static_cast<RefusalKind>(kind)), count);
      if (!done) return done;
    }
    Result<std::uint64_t> done = database_.run(
        "UPDATE source SET archives=archives+?2, size_bytes=size_bytes+?3, sums_stale=1 "
        "WHERE source_id=?1",
        source, difference.archives, difference.size_bytes);
    if (!done) return tl::unexpected(done.error());
    const Archive& newest = *difference.newest;
    done = database_.run(
        "UPDATE source SET newest_modified=?2, newest_key=?3 WHERE source_id=?1 AND "
        "(newest_modified IS NULL OR (newest_modified, newest_key) <= (?2, ?3))",
        source, rows::seconds(newest.last_modified), Bytes{newest.key});
    if (!done) return tl::unexpected(done.error());
    if (!difference.newest_may_have_aged) return {};
    // Without an index, because it hardly ever happens.
    done = database_.run(
        "UPDATE source SET (newest_modified, newest_key) = (SELECT last_modified, key FROM archive "
        "WHERE source_id=?1 ORDER BY last_modified DESC, key DESC LIMIT 1) WHERE source_id=?1",
        source);
    if (!done) return tl::unexpected(done.error());
    return {};
  }

  Database& database_;
  std::map<SourceId, Difference> differences_;
};

}  // namespace

Status adjust_tally(Database& database, SourceId source, std::string_view subject,
                    std::string_view value, std::int64_t difference) {
  if (difference == 0) return {};
  Result<std::uint64_t> done = database.run(
      "INSERT INTO tally (source_id, subject, value, count) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET count=count+excluded.count",
      source, subject, value, difference);
  if (!done) return tl::unexpected(done.error());
  if (difference > 0) return {};
  done =
      database.run("DELETE FROM tally WHERE source_id=?1 AND subject=?2 AND value=?3 AND count=0",
                   source, subject, value);
  if (!done) return tl::unexpected(done.error());
  return {};
}

std::string_view name_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kUnreadable:
      return "unreadable";
    case RefusalKind::kArchived:
      return "archived";
    case RefusalKind::kMismatch:
      return "mismatch";
  }
  return "unreadable";
}

Status Ledger::record(const std::vector<Placed>& batch) {
  if (batch.empty()) return {};
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return tl::unexpected(transaction.error());
  Recorder recorder(impl_->database);
  for (const Placed& placed : batch) {
    Status done = recorder.add(placed);
    if (!done) return done;
  }
  Status done = recorder.write_sums();
  if (!done) return done;
  return transaction->commit();
}

Status Ledger::refuse(SourceId source, std::string_view key, RefusalKind kind,
                      const Identity& upstream, Time now) {
  Database& database = impl_->database;
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  Result<std::uint64_t> done =
      database.run("DELETE FROM pending WHERE source_id=?1 AND key=?2", source, Bytes{key});
  if (!done) return tl::unexpected(done.error());

  const auto kind_number = static_cast<std::int64_t>(kind);
  const std::string_view etag = upstream.etag;
  const std::string_view version_id = upstream.version_id;
  const std::int64_t size_bytes = rows::signed_size(upstream.size_bytes);
  done = database.run(
      "UPDATE refusal SET asked_at=?7, asks=asks+1 WHERE source_id=?1 AND key=?2 AND kind=?3 AND "
      "etag=?4 AND size_bytes=?5 AND version_id=?6",
      source, Bytes{key}, kind_number, etag, size_bytes, version_id, rows::seconds(now));
  if (!done) return tl::unexpected(done.error());
  if (*done == 1) return transaction->commit();

  const Result<std::optional<std::int64_t>> earlier = forget_refusal(database, source, Bytes{key});
  if (!earlier) return tl::unexpected(earlier.error());
  if (*earlier) {
    const Status counted = adjust_tally(database, source, kTallyRefusal,
                                        name_of(static_cast<RefusalKind>(**earlier)), -1);
    if (!counted) return counted;
  }
  done = database.run(
      "INSERT INTO refusal (source_id, key, kind, etag, size_bytes, version_id, since, asked_at, "
      "asks) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1)",
      source, Bytes{key}, kind_number, etag, size_bytes, version_id, rows::seconds(now));
  if (!done) return tl::unexpected(done.error());
  const Status counted = adjust_tally(database, source, kTallyRefusal, name_of(kind), 1);
  if (!counted) return counted;
  return transaction->commit();
}

Result<Ledger::RefusalCounts> Ledger::refusal_counts(SourceId source) {
  Result<Query> query =
      impl_->database.query("SELECT value, count FROM tally WHERE source_id=?1 AND subject=?2");
  if (!query) return tl::unexpected(query.error());
  query->bind(source, kTallyRefusal);
  RefusalCounts counts;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return counts;
    const auto count = static_cast<std::uint64_t>(query->integer(1));
    const std::string_view value = query->bytes(0);
    if (value == name_of(RefusalKind::kUnreadable)) counts.unreadable = count;
    if (value == name_of(RefusalKind::kArchived)) counts.archived = count;
    if (value == name_of(RefusalKind::kMismatch)) counts.mismatch = count;
  }
}

}  // namespace store
