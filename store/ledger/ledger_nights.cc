#include <utility>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {
constexpr std::int64_t kSecondsOfDay = 86'400;
}

Result<std::vector<Night>> HoldingView::nights(SourceId source, Time since, Time until) {
  Result<Query> query = impl_->database.query(
      "SELECT last_modified/?4 AS day, count(*), sum(size_bytes) FROM archive WHERE source_id=?1 "
      "AND last_modified>=?2 AND last_modified<?3 GROUP BY day ORDER BY day");
  if (!query) return query.error();
  query->bind(source, rows::seconds(since), rows::seconds(until), kSecondsOfDay);
  std::vector<Night> found;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return found;
    found.push_back({std::chrono::sys_days{std::chrono::days{query->integer(0)}},
                     static_cast<std::uint64_t>(query->integer(1)),
                     static_cast<std::uint64_t>(query->integer(2))});
  }
}

}  // namespace store
