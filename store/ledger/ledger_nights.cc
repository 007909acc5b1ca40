#include <utility>

#include "store/ledger/ledger_impl.h"

namespace store {

namespace {
constexpr std::int64_t kSecondsOfDay = 86'400;
}

Result<std::vector<Night>> HoldingView::nights(SourceId source, Time since, Time until) {
  return impl_->database
      .select(
          "SELECT last_modified/?4 AS day, count(*), sum(size_bytes) FROM archive WHERE "
          "source_id=?1 AND last_modified>=?2 AND last_modified<?3 GROUP BY day ORDER BY day",
          source, rows::seconds(since), rows::seconds(until), kSecondsOfDay)
      .all([](const Query& row) {
        return Night{std::chrono::sys_days{std::chrono::days{row.integer(0)}}, row.count(1),
                     row.count(2)};
      });
}

}  // namespace store
