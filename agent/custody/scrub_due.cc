#include "agent/custody/scrub_due.h"

#include <algorithm>

namespace agent {
namespace {

constexpr std::chrono::days kLongestPause{1};

}  // namespace

ScrubAllowance scrub_allowance(const ScrubPace& pace) {
  if (!pace.oldest_read_at) return {};
  ScrubAllowance allowance;
  allowance.behind = pace.now - *pace.oldest_read_at > pace.every / 4 * 3;
  // A time in the future was written by a clock that was wrong, then or now.
  const auto since = pace.now - pace.scrubbed_at.value_or(*pace.oldest_read_at);
  const auto pause = since.count() < 0 ? std::chrono::seconds{kLongestPause} : since;
  allowance.due = pause >= kLongestPause;
  const auto cycle = allowance.behind ? pace.every / 4 : pace.every / 4 * 3;
  const double share = static_cast<double>(pause.count()) /
                       static_cast<double>(std::max<std::int64_t>(cycle.count(), 1));
  allowance.bytes = share >= 1
                        ? pace.held_bytes
                        : static_cast<std::uint64_t>(share * static_cast<double>(pace.held_bytes));
  return allowance;
}

bool ScrubBudget::takes(std::uint64_t size_bytes, std::chrono::nanoseconds taken,
                        std::chrono::nanoseconds run_took) {
  const bool is_first = !taken_any_;
  const bool fits = taken_bytes_ + size_bytes <= allowance_.bytes;
  if (!fits && !(is_first && allowance_.due)) return false;
  if (!is_first && taken > run_took && !allowance_.behind) return false;
  taken_any_ = true;
  taken_bytes_ += size_bytes;
  return true;
}

}  // namespace agent
