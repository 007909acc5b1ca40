#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/ledger/ledger_impl.h"

// What retention has looked at, and what it removes.
namespace store {

Status ReviewView::note_reviewed(SourceId source, const Reviewed& reviewed) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET reviewed_by=?2, review_due_at=?3, reviewed_at=?4, chain=?5 WHERE "
      "source_id=?1",
      source, reviewed.finished ? std::string_view(reviewed.rules) : std::string_view(),
      reviewed.due ? rows::seconds(*reviewed.due) : std::numeric_limits<std::int64_t>::max(),
      rows::seconds(reviewed.now), std::string_view(reviewed.chain));
  if (!done) return done.error();
  return {};
}

Result<bool> ReviewView::is_reviewed(SourceId source, std::string_view rules, Time now) {
  const Result<std::int64_t> reviewed = impl_->database.read_integer(
      "SELECT coalesce(reviewed_by=?2 AND review_due_at>?3, 0) FROM source WHERE source_id=?1",
      source, rules, rows::seconds(now));
  if (!reviewed) return reviewed.error();
  return *reviewed != 0;
}

Status ReviewView::note_pulled(SourceId source, Time now) {
  const Result<std::uint64_t> done = impl_->database.run(
      "UPDATE source SET pulled_since=?2 WHERE source_id=?1 AND pulled_since IS NULL", source,
      rows::seconds(now));
  if (!done) return done.error();
  return {};
}

Result<std::vector<Removal>> LedgerWriter::open_removals(SourceId source, std::size_t limit) {
  Result<Query> query = impl_->database.query(
      "SELECT key, path, trusted, lost FROM removal WHERE source_id=?1 ORDER BY path LIMIT ?2");
  if (!query) return query.error();
  std::vector<Removal> found;
  const Status done =
      rows::each(query->bind(source, static_cast<std::int64_t>(limit)), [&](Query& row) {
        found.push_back({std::string(row.bytes(0)), std::string(row.bytes(1)), row.integer(2) != 0,
                         row.integer(3) != 0});
        return true;
      });
  if (!done) return done.error();
  return found;
}

Status LedgerWriter::end_removals(SourceId source, const std::vector<Removal>& removals) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Removal& removal : removals) {
    const Result<std::uint64_t> done =
        impl_->database.run("DELETE FROM removal WHERE source_id=?1 AND path=?2", source,
                            std::string_view(removal.path));
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<bool> ReviewView::was_pruned(SourceId source, std::string_view key, const Sha256& sha256) {
  const Result<std::int64_t> pruned = impl_->database.read_integer(
      "SELECT EXISTS (SELECT 1 FROM pruned WHERE source_id=?1 AND key=?2 AND sha256=?3)", source,
      Bytes{key}, rows::digest(sha256));
  if (!pruned) return pruned.error();
  return *pruned != 0;
}

}  // namespace store
