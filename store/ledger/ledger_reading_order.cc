#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <string_view>
#include <tuple>

#include "store/ledger/ledger_impl.h"

// In which order what is held is read again: what was not read for longest comes first, and what is
// known to be damaged waits no longer than the rest.
namespace store {

namespace {

auto place_in_order(const Holding& holding) {
  return std::tie(holding.looked_at, holding.key, holding.generation_path);
}

// Each has its index: what is damaged is few, and would be in the way of the rest.
constexpr std::string_view kArchivesToRead =
    "SELECT key, variant, '', size_bytes, sha256, read_at, 0 FROM archive a WHERE source_id=?1 AND "
    "(read_at, key)>(?2, ?3) AND read_at<>?5 AND ?4=?4 AND NOT EXISTS (SELECT 1 FROM damage d "
    "WHERE d.source_id=?1 AND d.key=a.key AND d.path='') ORDER BY read_at, key LIMIT ?6";
constexpr std::string_view kDamagedArchives =
    "SELECT a.key, a.variant, '', a.size_bytes, a.sha256, d.looked_at, 1 FROM damage d JOIN "
    "archive a ON a.source_id=d.source_id AND a.key=d.key WHERE d.source_id=?1 AND d.path='' AND "
    "(d.looked_at, d.key, '')>(?2, ?3, ?4) AND d.looked_at<>?5 ORDER BY d.looked_at, d.key LIMIT "
    "?6";
constexpr std::string_view kGenerationsToRead =
    "SELECT key, 0, path, size_bytes, sha256, read_at, 0 FROM generation g WHERE source_id=?1 AND "
    "(read_at, key, path)>(?2, ?3, ?4) AND read_at<>?5 AND NOT EXISTS (SELECT 1 FROM damage d "
    "WHERE d.source_id=?1 AND d.key=g.key AND d.path=g.path) ORDER BY read_at, key, path LIMIT ?6";
constexpr std::string_view kDamagedGenerations =
    "SELECT g.key, 0, g.path, g.size_bytes, g.sha256, d.looked_at, 1 FROM damage d JOIN generation "
    "g ON g.source_id=d.source_id AND g.key=d.key AND g.path=d.path WHERE d.source_id=?1 AND "
    "(d.looked_at, d.key, d.path)>(?2, ?3, ?4) AND d.looked_at<>?5 ORDER BY d.looked_at, d.key, "
    "d.path LIMIT ?6";

}  // namespace

Result<Time> ReadingView::stamp_of_pass(SourceId source, Time now) {
  while (true) {
    const Result<bool> taken = impl_->database.is_true(
        "SELECT EXISTS (SELECT 1 FROM archive WHERE source_id=?1 AND read_at=?2) OR "
        "EXISTS (SELECT 1 FROM generation WHERE source_id=?1 AND read_at=?2) OR "
        "EXISTS (SELECT 1 FROM damage WHERE source_id=?1 AND looked_at=?2)",
        source, rows::seconds(now));
    if (!taken) return taken.error();
    if (!*taken) return now;
    now += std::chrono::seconds{1};
  }
}

Result<std::vector<Holding>> ReadingView::longest_unread(SourceId source, bool generations,
                                                         Time stamp, const Holding* after,
                                                         std::size_t limit) {
  Holding start;
  start.looked_at = rows::time(std::numeric_limits<std::int64_t>::min());
  if (after != nullptr) start = *after;
  std::vector<Holding> found;
  // The empty key sorts first and is a key like any other.
  for (const std::string_view sql :
       {kArchivesToRead, kDamagedArchives, kGenerationsToRead, kDamagedGenerations}) {
    if (!generations && (sql == kGenerationsToRead || sql == kDamagedGenerations)) continue;
    const Status read =
        impl_->database
            .select(sql, source, rows::seconds(start.looked_at), Bytes{start.key},
                    start.generation_path, rows::seconds(stamp), static_cast<std::int64_t>(limit))
            .each([&](const Query& row) { found.push_back(holdings::holding_of(row)); });
    if (!read) return read.error();
  }
  std::ranges::sort(found, std::less<>{}, place_in_order);
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace store
