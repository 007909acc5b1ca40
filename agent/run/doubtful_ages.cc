#include "agent/run/doubtful_ages.h"

namespace agent {

store::Status settle_time(RunContext& context, SourceRun& source) {
  auto& ledger = context.mirror.ledger;
  const auto reckoned = context.reckoned(source);
  if (!reckoned.in_doubt) {
    const auto skew = context.clock_skew(source);
    const bool confirmed = !skew || std::chrono::abs(*skew) < std::chrono::days{1};
    if (!confirmed && !source.doubt_after) return {};
    source.doubt_after.reset();
    return ledger.settle_ages(source.id, reckoned.now);
  }
  if (auto bound = ledger.bound_series(source.id, reckoned.now); !bound) return bound;
  if (source.doubt_after) return {};
  if (auto doubted = ledger.doubt_ages(source.id); !doubted) return doubted;
  const auto totals = ledger.totals(source.id);
  if (!totals) return totals.error();
  source.doubt_after = totals->doubt_after;
  return {};
}

}  // namespace agent
