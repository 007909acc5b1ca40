#include <string_view>

#include "store/ledger/ledger_plan_impl.h"

// Servers are known whose listings tell other ETags than the objects themselves.
namespace store {

Status note_listed_as(Database& database, const ListedAs& listed) {
  return database.execute(
      "INSERT OR REPLACE INTO listed_as (source_id, key, etag, size_bytes, sha256) VALUES (?1, ?2, "
      "?3, ?4, ?5)",
      listed.source, Bytes{listed.key}, listed.upstream.etag,
      rows::signed_size(listed.upstream.size_bytes), rows::digest(listed.sha256));
}

Result<bool> HoldingView::was_listed_as(const ListedAs& listed) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM listed_as WHERE source_id=?1 AND key=?2 AND etag=?3 AND "
      "size_bytes=?4 AND sha256=?5)",
      listed.source, Bytes{listed.key}, listed.upstream.etag,
      rows::signed_size(listed.upstream.size_bytes), rows::digest(listed.sha256));
}

Result<bool> Ledger::Plan::was_listed_as(std::string_view key, const Identity& upstream) {
  return impl_->checked(impl_->database().is_true(
      "SELECT EXISTS (SELECT 1 FROM listed_as WHERE source_id=?1 AND key=?2 AND etag=?3 AND "
      "size_bytes=?4 AND sha256=(SELECT sha256 FROM archive WHERE source_id=?1 AND key=?2))",
      impl_->source, Bytes{key}, upstream.etag, rows::signed_size(upstream.size_bytes)));
}

}  // namespace store
