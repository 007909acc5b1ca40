#include <string_view>

#include "store/ledger/ledger_impl.h"

// What failed in an earlier run, and so comes after what did not.
namespace store {

Status PlanView::note_setbacks(SourceId source, const std::vector<Pending>& failed) {
  if (failed.empty()) return {};
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  for (const Pending& pending : failed) {
    const Status done = impl_->database.execute(
        "UPDATE pending SET setbacks=-abs(setbacks)-1 WHERE source_id=?1 AND key=?2 AND slot=?3",
        source, Bytes{pending.key}, rows::slot(pending.role, pending.upstream));
    if (!done) return done.error();
  }
  return transaction->commit();
}

Status PlanView::recall_setbacks(SourceId source) {
  const Result<bool> any = impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM pending WHERE source_id=?1 AND setbacks<0)", source);
  if (!any) return any.error();
  if (!*any) return {};
  return impl_->database.execute(
      "UPDATE pending SET setbacks=-setbacks WHERE source_id=?1 AND setbacks<0", source);
}

Result<bool> PlanView::has_failed(SourceId source) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM source WHERE source_id=?1 AND server_failed<>0)", source);
}

Status PlanView::note_failed(SourceId source, bool failed) {
  const Result<bool> before = has_failed(source);
  if (!before) return before.error();
  if (*before == failed) return {};
  return impl_->database.execute("UPDATE source SET server_failed=?2 WHERE source_id=?1", source,
                                 failed);
}

}  // namespace store
