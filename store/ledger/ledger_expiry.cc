#include <string>

#include "store/ledger/ledger_impl.h"

// What the bucket's lifecycle was seen to be.
namespace store {

Result<Ledger::Expiry> ExpectationView::expiry(SourceId source) {
  // One transaction, so that both are of one state, which is locked and looked at once.
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  Expiry expiry;
  const Status asked =
      impl_->database.select("SELECT expiry_asked_at FROM source WHERE source_id=?1", source)
          .each([&](const Query& row) { expiry.asked_at = rows::time_or_none(row, 0); });
  if (!asked) return asked.error();
  const Status read =
      impl_->database
          .select("SELECT rule, lifetime_days FROM expiry_rule WHERE source_id=?1", source)
          .each([&](const Query& row) {
            expiry.days_by_rule[std::string(row.bytes(0))] = row.integer(1);
          });
  if (!read) return read.error();
  return expiry;
}

Status ExpectationView::note_expiry_rule(SourceId source, std::string_view rule,
                                         std::int64_t days) {
  return impl_->database.execute(
      "INSERT OR REPLACE INTO expiry_rule (source_id, rule, lifetime_days) VALUES (?1, ?2, ?3)",
      source, rule, days);
}

Status ExpectationView::note_expiry_asked(SourceId source, Time now) {
  return impl_->database.execute("UPDATE source SET expiry_asked_at=?2 WHERE source_id=?1", source,
                                 rows::seconds(now));
}

}  // namespace store
