#include <fmt/format.h>

#include <string>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"

namespace store {

namespace {

constexpr std::string_view kColumns =
    "key, path, place, etag, size_bytes, version_id, last_modified, sha256, verified_by, "
    "held_since, read_at, placed_at, unsound";

Generation read_generation(const Query& row) {
  Generation generation;
  generation.key = row.bytes(0);
  generation.path = row.bytes(1);
  generation.place = static_cast<Place>(row.integer(2));
  generation.upstream = rows::identity(row, 3);
  generation.last_modified = rows::upstream_time(row.integer(6));
  generation.sha256 = rows::digest(row.bytes(7));
  generation.verified_by = proof_level_of(row.bytes(8));
  generation.held_since = rows::time(row.integer(9));
  generation.read_at = rows::time(row.integer(10));
  generation.placed_at = rows::time(row.integer(11));
  generation.unsound = rows::unsound(row.integer(12));
  return generation;
}

}  // namespace

Status HoldingView::visit_generations(SourceId source,
                                      const std::function<bool(const Generation&)>& visit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM generation WHERE source_id=?1 AND (key, path)>(?2, ?3) ORDER BY key, path "
      "LIMIT ?4",
      kColumns);
  const auto read_page = [&](const Generation* after) {
    const Generation from = after != nullptr ? *after : Generation{};
    return impl_->database.select(sql, source, Bytes{from.key}, from.path, rows::kPageRows)
        .all(read_generation);
  };
  return rows::visit_pages<Generation>(read_page, visit);
}

Result<std::vector<Generation>> HoldingView::generations(SourceId source, std::string_view key,
                                                         std::size_t limit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM generation WHERE source_id=?1 AND key=?2 ORDER BY placed_at DESC, "
      "last_modified DESC, path LIMIT ?3",
      kColumns);
  return impl_->database.select(sql, source, Bytes{key}, static_cast<std::int64_t>(limit))
      .all(read_generation);
}

Result<std::optional<Generation>> HoldingView::find_generation(SourceId source,
                                                               std::string_view key,
                                                               const Sha256& sha256, Place place) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM generation INDEXED BY generation_by_content WHERE source_id=?1 AND key=?2 "
      "AND "
      "sha256=?3 AND place=?4 LIMIT 1",
      kColumns);
  return impl_->database.select(sql, source, Bytes{key}, rows::digest(sha256), place)
      .one(read_generation);
}

Result<std::uint64_t> HoldingView::count_quarantined(SourceId source, std::string_view key) {
  return impl_->database.read_count(
      "SELECT count(*) FROM generation WHERE source_id=?1 AND key=?2 AND place=?3", source,
      Bytes{key}, Place::kQuarantine);
}

Status LedgerWriter::begin_supersessions(const std::vector<Supersession>& intents) {
  if (intents.empty()) return {};
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Supersession& intent : intents) {
    const Status done = impl_->database.execute(
        "INSERT OR REPLACE INTO supersession (source_id, key) VALUES (?1, ?2)", intent.source,
        Bytes{intent.key});
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<std::vector<Supersession>> LedgerWriter::open_supersessions(std::size_t limit,
                                                                   const Supersession* after) {
  const Supersession from = after != nullptr ? *after : Supersession{};
  return impl_->database
      .select(
          "SELECT source_id, key FROM supersession WHERE (source_id, key)>(?1, ?2) "
          "ORDER BY source_id, key LIMIT ?3",
          from.source, Bytes{from.key}, static_cast<std::int64_t>(limit))
      .all([](const Query& row) {
        return Supersession{row.integer(0), std::string(row.bytes(1))};
      });
}

Status LedgerWriter::end_supersession(const Supersession& intent) {
  return impl_->database.execute("DELETE FROM supersession WHERE source_id=?1 AND key=?2",
                                 intent.source, Bytes{intent.key});
}

}  // namespace store
