#include <string>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"

// What is about to be placed, and what the manifest has to carry.

namespace store {
namespace {

Placement placement_of_row(const Query& row) {
  Placement placement;
  placement.source = row.integer(0);
  auto& archive = placement.archive;
  archive.key = row.bytes(1);
  archive.sha256 = rows::digest(row.bytes(2));
  placement.role = static_cast<Role>(row.integer(3));
  archive.upstream = rows::identity(row, 4);
  archive.last_modified = rows::upstream_time(row.integer(7));
  archive.verified_by = proof_level_of(row.bytes(8));
  archive.held_since = rows::time(row.integer(9));
  archive.read_at = rows::time(row.integer(10));
  placement.watched = row.integer(11) != 0;
  archive.unsound = rows::unsound(row.integer(12));
  return placement;
}

}  // namespace

Status LedgerWriter::begin_placements(const std::vector<Placement>& intents) {
  if (intents.empty()) return {};
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Placement& intent : intents) {
    const Archive& archive = intent.archive;
    const Status done = impl_->database.execute(
        "INSERT OR REPLACE INTO placement (source_id, key, sha256, role, etag, size_bytes, "
        "version_id, last_modified, verified_by, held_since, read_at, watched, unsound) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        intent.source, Bytes{archive.key}, rows::digest(archive.sha256), intent.role,
        rows::etag_column(archive.upstream), rows::signed_size(archive.upstream.size_bytes),
        archive.upstream.version_id, rows::seconds(archive.last_modified),
        name_of(archive.verified_by), rows::seconds(archive.held_since),
        rows::seconds(archive.read_at), intent.watched, archive.unsound);
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<std::vector<Placement>> LedgerWriter::open_placements(const Placement* after,
                                                             std::size_t limit) {
  const Placement from = after != nullptr ? *after : Placement{};
  return impl_->database
      .select(
          "SELECT source_id, key, sha256, role, etag, size_bytes, version_id, last_modified, "
          "verified_by, held_since, read_at, watched, unsound FROM placement "
          "WHERE (source_id, key, sha256, role)>(?1, ?2, ?3, ?4) "
          "ORDER BY source_id, key, sha256, role LIMIT ?5",
          from.source, Bytes{from.archive.key}, rows::digest(from.archive.sha256),
          after != nullptr ? static_cast<std::int64_t>(from.role) : std::int64_t{-1},
          static_cast<std::int64_t>(limit))
      .all(placement_of_row);
}

Result<std::optional<Placement>> LedgerWriter::placement_of(SourceId source, std::string_view key) {
  return impl_->database
      .select(
          "SELECT source_id, key, sha256, role, etag, size_bytes, version_id, last_modified, "
          "verified_by, held_since, read_at, watched, unsound FROM placement "
          "WHERE source_id=?1 AND key=?2 AND role<>?3 LIMIT 1",
          source, Bytes{key}, Role::kNoncurrent)
      .one(placement_of_row);
}

Status LedgerWriter::mark_sums_written(SourceId source) {
  return impl_->database.execute(
      "UPDATE source SET sums_stale=0 WHERE source_id=?1 AND sums_stale<>0", source);
}

Result<std::uint64_t> LedgerWriter::manifest_bytes(SourceId source) {
  return impl_->database.read_count("SELECT manifest_bytes FROM source WHERE source_id=?1", source);
}

Status LedgerWriter::note_manifest(SourceId source, std::uint64_t size_bytes) {
  return impl_->database.execute("UPDATE source SET manifest_bytes=?2 WHERE source_id=?1", source,
                                 static_cast<std::int64_t>(size_bytes));
}

Status LedgerWriter::visit_sightings(SourceId source,
                                     const std::function<bool(const Sighting&)>& visit) {
  const auto read_page = [&](const Sighting* after) {
    const Sighting from = after != nullptr ? *after : Sighting{};
    return impl_->database
        .select(
            "SELECT key, etag, size_bytes, version_id, sha256, EXISTS (SELECT 1 FROM pruned p "
            "WHERE p.source_id=s.source_id AND p.key=s.key AND p.sha256=s.sha256) FROM sighting s "
            "WHERE source_id=?1 AND (key, etag, size_bytes, version_id)>(?2, ?3, ?4, ?5) ORDER BY "
            "key, etag, size_bytes, version_id LIMIT ?6",
            source, Bytes{from.key}, rows::etag_column(from.upstream),
            rows::signed_size(from.upstream.size_bytes), from.upstream.version_id, rows::kPageRows)
        .all([](const Query& row) {
          return Sighting{std::string(row.bytes(0)), rows::identity(row, 1),
                          rows::digest(row.bytes(4)), row.integer(5) != 0};
        });
  };
  return rows::visit_pages<Sighting>(read_page, visit);
}

}  // namespace store
