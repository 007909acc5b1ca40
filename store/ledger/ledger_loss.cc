#include <fmt/format.h>

#include <string>

#include "store/ledger/ledger_impl.h"

// What is held and damaged, and may be lost.

namespace store {

namespace {

// The last complete listing is known to within a day, so that what was found since may be asked for
// a day too long; but that a key is gone is known at once.
constexpr std::string_view kIsLost =
    "d.source_id=?1 AND (?2 OR (d.key, d.path)>(?3, ?4)) AND (?5 OR d.key=?6) AND NOT EXISTS "
    "(SELECT 1 FROM pending p WHERE p.source_id=?1 AND p.key=d.key) AND NOT (d.path='' AND EXISTS "
    "(SELECT 1 FROM deviation v WHERE v.source_id=?1 AND v.key=d.key AND v.kind=?7)) AND (?8=0 OR "
    "EXISTS (SELECT 1 FROM source s WHERE s.source_id=?1 AND s.listed_at>=d.since) OR EXISTS "
    "(SELECT 1 FROM deviation v WHERE v.source_id=?1 AND v.key=d.key AND v.kind=?9))";
constexpr std::string_view kHolding =
    "SELECT d.key, coalesce(a.variant, 0), d.path, coalesce(a.size_bytes, g.size_bytes), "
    "coalesce(a.sha256, g.sha256), d.looked_at, 1 FROM damage d LEFT JOIN archive a ON "
    "a.source_id=d.source_id AND a.key=d.key AND d.path='' LEFT JOIN generation g ON "
    "g.source_id=d.source_id AND g.key=d.key AND g.path=d.path WHERE (a.key IS NOT NULL OR g.key "
    "IS NOT NULL) AND";

}  // namespace

Result<std::vector<Holding>> ReadingView::lost(SourceId source, const LossQuery& which,
                                               const Holding* after, std::size_t limit) {
  const Holding start = after == nullptr ? Holding{} : *after;
  const std::string key = which.key == nullptr ? std::string() : *which.key;
  return impl_->database
      .select(fmt::format("{} {} ORDER BY d.key, d.path LIMIT ?10", kHolding, kIsLost), source,
              after == nullptr, Bytes{start.key}, start.generation_path, which.key == nullptr,
              Bytes{key}, Deviation::kChanged, which.unlisted_only, Deviation::kVanished,
              static_cast<std::int64_t>(limit))
      .all(holdings::holding_of);
}

Result<bool> ReviewView::is_to_go(SourceId source, std::string_view path) {
  return impl_->database.is_true(
      "SELECT EXISTS (SELECT 1 FROM removal WHERE source_id=?1 AND path=?2)", source, path);
}

namespace holdings {

Holding holding_of(const Query& row) {
  Holding holding;
  holding.key = row.bytes(0);
  holding.variant = rows::variant(row.integer(1));
  holding.generation_path = row.bytes(2);
  holding.size_bytes = row.count(3);
  holding.sha256 = rows::digest(row.bytes(4));
  holding.looked_at = rows::time(row.integer(5));
  holding.damaged = row.integer(6) != 0;
  return holding;
}

}  // namespace holdings

}  // namespace store
