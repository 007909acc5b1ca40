#include "store/ledger/ledger_holdings.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {

constexpr std::string_view kArchiveColumns =
    "key, variant, etag, size_bytes, version_id, last_modified, sha256, verified_by, held_since, "
    "read_at, unsound";

Archive archive_of(const Query& row) {
  Archive archive;
  archive.key = row.bytes(0);
  archive.variant = rows::variant(row.integer(1));
  archive.upstream = rows::identity(row, 2);
  archive.last_modified = rows::upstream_time(row.integer(5));
  archive.sha256 = rows::digest(row.bytes(6));
  archive.verified_by = proof_level_of(row.bytes(7));
  archive.held_since = rows::time(row.integer(8));
  archive.read_at = rows::time(row.integer(9));
  archive.unsound = rows::unsound(row.integer(10));
  return archive;
}

// What stands in the row of the source.
struct SourceRow {
  Totals totals;
  std::optional<std::string> newest_key;
};

SourceRow source_row_of(const Query& row) {
  SourceRow found;
  Totals& totals = found.totals;
  totals.archives = row.count(0);
  totals.size_bytes = row.count(1);
  totals.sums_stale = row.integer(2) != 0;
  if (!row.is_null(3)) found.newest_key = row.bytes(3);
  totals.superseded = row.count(4);
  totals.quarantined = row.count(5);
  totals.hold_since = rows::time_or_none(row, 6);
  totals.first_listed_at = rows::time_or_none(row, 7);
  totals.scrubbed_at = rows::time_or_none(row, 8);
  totals.listed_at = rows::time_or_none(row, 9);
  totals.doubt_after = rows::time_or_none(row, 10);
  totals.pulled_since = rows::time_or_none(row, 11);
  totals.reviewed_at = rows::time_or_none(row, 12);
  totals.chain = row.bytes(13);
  return found;
}

Status add_proofs(Database& database, SourceId source, Totals& totals) {
  return database
      .select("SELECT value, count FROM tally WHERE source_id=?1 AND subject=?2", source,
              kTallyVerifiedBy)
      .each(
          [&](const Query& row) { totals.verified_by[std::string(row.bytes(0))] = row.count(1); });
}

Status add_scrub(Database& database, SourceId source, Totals& totals) {
  const Status oldest =
      database
          .select(
              "SELECT coalesce(min(read_at), (SELECT min(looked_at) FROM damage WHERE "
              "source_id=?1)) FROM (SELECT * FROM (SELECT read_at FROM archive a WHERE "
              "source_id=?1 AND NOT EXISTS (SELECT 1 FROM damage d WHERE d.source_id=?1 AND "
              "d.key=a.key AND d.path='') ORDER BY read_at LIMIT 1) UNION ALL SELECT * FROM "
              "(SELECT read_at FROM generation g WHERE source_id=?1 AND NOT EXISTS (SELECT 1 FROM "
              "damage d WHERE d.source_id=?1 AND d.key=g.key AND d.path=g.path) ORDER BY read_at "
              "LIMIT 1))",
              source)
          .each([&](const Query& row) { totals.oldest_read_at = rows::time_or_none(row, 0); });
  if (!oldest) return oldest;
  return database
      .select("SELECT finding, count(*) FROM damage WHERE source_id=?1 GROUP BY finding", source)
      .each([&](const Query& row) {
        const bool missing = row.integer(0) == static_cast<std::int64_t>(Finding::kMissing);
        (missing ? totals.missing : totals.corrupt) = row.count(1);
      });
}

}  // namespace

Result<std::optional<Archive>> HoldingView::newest_unchanged(SourceId source) {
  // The newest of all is known, and hardly ever another; to find that one there is no index.
  std::optional<Archive> newest;
  const Status read =
      impl_->database
          .select(
              "SELECT coalesce((SELECT newest_key FROM source s WHERE source_id=?1 AND NOT EXISTS "
              "(SELECT 1 FROM deviation d WHERE d.source_id=s.source_id AND d.key=s.newest_key)), "
              "(SELECT key FROM archive a WHERE source_id=?1 AND NOT EXISTS (SELECT 1 FROM "
              "deviation d WHERE d.source_id=a.source_id AND d.key=a.key) ORDER BY last_modified "
              "DESC, key DESC LIMIT 1), (SELECT newest_key FROM source WHERE source_id=?1))",
              source)
          .each([&](const Query& row) -> Status {
            if (row.is_null(0)) return {};
            // Within the same statement, so that both see one state of the ledger.
            auto found = find(source, row.bytes(0));
            if (!found) return found.error();
            newest = *std::move(found);
            return {};
          });
  if (!read) return read.error();
  return newest;
}

Result<Totals> HoldingView::totals(SourceId source) {
  Database& database = impl_->database;
  // One transaction, so that a reader beside a pull does not mix two states.
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  auto found = database
                   .select(
                       "SELECT archives, size_bytes, sums_stale, newest_key, superseded, "
                       "quarantined, hold_since, first_listed_at, scrubbed_at, listed_at, "
                       "doubt_after, pulled_since, reviewed_at, chain FROM source WHERE "
                       "source_id=?1",
                       source)
                   .one(source_row_of);
  if (!found) return found.error();
  if (!*found) return Totals{};
  Totals& totals = (*found)->totals;
  if ((*found)->newest_key) {
    auto newest = find(source, *(*found)->newest_key);
    if (!newest) return newest.error();
    totals.newest = *std::move(newest);
  }
  Status added = add_proofs(database, source, totals);
  if (added) added = add_scrub(database, source, totals);
  if (!added) return added.error();
  return std::move(totals);
}

Result<std::optional<Archive>> HoldingView::find(SourceId source, std::string_view key) {
  static const std::string sql =
      fmt::format("SELECT {} FROM archive WHERE source_id=?1 AND key=?2", kArchiveColumns);
  return impl_->database.select(sql, source, Bytes{key}).one(archive_of);
}

Result<bool> HoldingView::knows(SourceId source, std::string_view key) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM archive WHERE source_id=?1 AND key=?2) OR "
      "EXISTS (SELECT 1 FROM pending WHERE source_id=?1 AND key=?2)",
      source, Bytes{key});
}

Status HoldingView::visit_archives(SourceId source,
                                   const std::function<bool(const Archive&)>& visit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM archive WHERE source_id=?1 AND (key>?2 OR ?3) AND key>=?2 ORDER BY key "
      "LIMIT ?4",
      kArchiveColumns);
  const auto read_page = [&](const Archive* after) {
    // The empty key sorts first and is a key like any other.
    const bool from_start = after == nullptr;
    const auto key = from_start ? std::string_view() : std::string_view(after->key);
    return impl_->database.select(sql, source, Bytes{key}, from_start, rows::kPageRows)
        .all(archive_of);
  };
  return rows::visit_pages<Archive>(read_page, visit);
}

}  // namespace store
