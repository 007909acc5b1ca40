#include <string>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"

// What is about to be placed, and what the manifest has to carry.

namespace store {
namespace {

constexpr std::int64_t kPageRows = 256;

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
    const Result<std::uint64_t> done = impl_->database.run(
        "INSERT OR REPLACE INTO placement (source_id, key, sha256, role, etag, size_bytes, "
        "version_id, last_modified, verified_by, held_since, read_at, watched, unsound) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        intent.source, Bytes{archive.key}, rows::digest(archive.sha256),
        static_cast<std::int64_t>(intent.role),
        std::string_view(rows::etag_column(archive.upstream)),
        rows::signed_size(archive.upstream.size_bytes),
        std::string_view(archive.upstream.version_id), rows::seconds(archive.last_modified),
        name_of(archive.verified_by), rows::seconds(archive.held_since),
        rows::seconds(archive.read_at), std::int64_t{intent.watched ? 1 : 0},
        static_cast<std::int64_t>(archive.unsound));
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<std::vector<Placement>> LedgerWriter::open_placements(const Placement* after,
                                                             std::size_t limit) {
  Result<Query> query = impl_->database.query(
      "SELECT source_id, key, sha256, role, etag, size_bytes, version_id, last_modified, "
      "verified_by, held_since, read_at, watched, unsound FROM placement "
      "WHERE (source_id, key, sha256, role)>(?1, ?2, ?3, ?4) "
      "ORDER BY source_id, key, sha256, role LIMIT ?5");
  if (!query) return query.error();
  const Placement from = after != nullptr ? *after : Placement{};
  query->bind(from.source, Bytes{from.archive.key}, rows::digest(from.archive.sha256),
              after != nullptr ? static_cast<std::int64_t>(from.role) : std::int64_t{-1},
              static_cast<std::int64_t>(limit));
  std::vector<Placement> found;
  const Status done = rows::each(*query, [&](Query& row) {
    found.push_back(placement_of_row(row));
    return true;
  });
  if (!done) return done.error();
  return found;
}

Result<std::optional<Placement>> LedgerWriter::placement_of(SourceId source, std::string_view key) {
  Result<Query> query = impl_->database.query(
      "SELECT source_id, key, sha256, role, etag, size_bytes, version_id, last_modified, "
      "verified_by, held_since, read_at, watched, unsound FROM placement "
      "WHERE source_id=?1 AND key=?2 AND role<>?3 LIMIT 1");
  if (!query) return query.error();
  const Result<bool> row =
      query->bind(source, Bytes{key}, static_cast<std::int64_t>(Role::kNoncurrent)).step();
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  return placement_of_row(*query);
}

Status Ledger::at_once(const std::function<Status()>& work) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  if (Status done = work(); !done) return done;
  return transaction->commit();
}

Result<std::vector<std::pair<SourceId, std::string>>> Ledger::sources() {
  Result<Query> query =
      impl_->database.query("SELECT source_id, name FROM source ORDER BY source_id");
  if (!query) return query.error();
  std::vector<std::pair<SourceId, std::string>> found;
  const Status done = rows::each(*query, [&](Query& row) {
    found.emplace_back(row.integer(0), std::string(row.bytes(1)));
    return true;
  });
  if (!done) return done.error();
  return found;
}

Result<std::uint64_t> LedgerWriter::manifest_bytes(SourceId source) {
  const Result<std::int64_t> size_bytes =
      impl_->database.read_integer("SELECT manifest_bytes FROM source WHERE source_id=?1", source);
  if (!size_bytes) return size_bytes.error();
  return static_cast<std::uint64_t>(*size_bytes);
}

Status LedgerWriter::note_manifest(SourceId source, std::uint64_t size_bytes) {
  const Result<std::uint64_t> done =
      impl_->database.run("UPDATE source SET manifest_bytes=?2 WHERE source_id=?1", source,
                          static_cast<std::int64_t>(size_bytes));
  return done ? Status{} : done.error();
}

Status LedgerWriter::visit_sightings(SourceId source,
                                     const std::function<bool(const Sighting&)>& visit) {
  std::vector<Sighting> page;
  Sighting after;
  do {
    page.clear();
    Result<Query> query = impl_->database.query(
        "SELECT key, etag, size_bytes, version_id, sha256, EXISTS (SELECT 1 FROM pruned p WHERE "
        "p.source_id=s.source_id AND p.key=s.key AND p.sha256=s.sha256) FROM sighting s "
        "WHERE source_id=?1 AND (key, etag, size_bytes, version_id)>(?2, ?3, ?4, ?5) "
        "ORDER BY key, etag, size_bytes, version_id LIMIT ?6");
    if (!query) return query.error();
    query->bind(source, Bytes{after.key}, std::string_view(rows::etag_column(after.upstream)),
                rows::signed_size(after.upstream.size_bytes),
                std::string_view(after.upstream.version_id), kPageRows);
    const Status done = rows::each(*query, [&](Query& row) {
      page.push_back({std::string(row.bytes(0)), rows::identity(row, 1), rows::digest(row.bytes(4)),
                      row.integer(5) != 0});
      return true;
    });
    if (!done) return done;
    for (const Sighting& sighting : page) {
      if (!visit(sighting)) return {};
    }
    if (!page.empty()) after = page.back();
  } while (std::ssize(page) == kPageRows);
  return {};
}

}  // namespace store
