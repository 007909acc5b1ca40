#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/ledger/ledger_impl.h"

// What retention has looked at, and what it removes.
namespace store {

Status ReviewView::note_reviewed(SourceId source, const Reviewed& reviewed) {
  return impl_->database.execute(
      "UPDATE source SET reviewed_by=?2, review_due_at=?3, reviewed_at=?4, chain=?5 WHERE "
      "source_id=?1",
      source, reviewed.finished ? reviewed.rules : std::string_view(),
      reviewed.due ? rows::seconds(*reviewed.due) : std::numeric_limits<std::int64_t>::max(),
      rows::seconds(reviewed.now), reviewed.chain);
}

Result<bool> ReviewView::is_reviewed(SourceId source, std::string_view rules, Time now) {
  return impl_->database.is_true(
      "SELECT coalesce(reviewed_by=?2 AND review_due_at>?3, 0) FROM source WHERE source_id=?1",
      source, rules, rows::seconds(now));
}

Status ReviewView::note_pulled(SourceId source, Time now) {
  return impl_->database.execute(
      "UPDATE source SET pulled_since=?2 WHERE source_id=?1 AND pulled_since IS NULL", source,
      rows::seconds(now));
}

Result<std::vector<Removal>> LedgerWriter::open_removals(SourceId source, std::size_t limit) {
  return impl_->database
      .select(
          "SELECT key, path, trusted, lost FROM removal WHERE source_id=?1 ORDER BY path LIMIT ?2",
          source, static_cast<std::int64_t>(limit))
      .all([](const Query& row) {
        return Removal{std::string(row.bytes(0)), std::string(row.bytes(1)), row.integer(2) != 0,
                       row.integer(3) != 0};
      });
}

Status LedgerWriter::end_removals(SourceId source, const std::vector<Removal>& removals) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Removal& removal : removals) {
    const Status done = impl_->database.execute(
        "DELETE FROM removal WHERE source_id=?1 AND path=?2", source, removal.path);
    if (!done) return done.error();
  }
  return transaction->commit();
}

Result<bool> ReviewView::was_pruned(SourceId source, std::string_view key, const Sha256& sha256) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM pruned WHERE source_id=?1 AND key=?2 AND sha256=?3)", source,
      Bytes{key}, rows::digest(sha256));
}

}  // namespace store
