#include "agent/listing/refusal_due.h"

#include <algorithm>
#include <chrono>

#include "agent/base/units.h"

namespace agent {

bool is_due(const store::Refusal& refusal, store::Time now) {
  constexpr std::chrono::hours kLongest = 30 * kAboutADay;
  // Asked in the future: the clock was wrong then or is now, so nothing can be said.
  if (refusal.asked_at > now) return true;
  const auto waited = now - refusal.asked_at;
  switch (refusal.kind) {
    case store::RefusalKind::kArchived:
      return waited >= kAboutADay;
    case store::RefusalKind::kUnreadable:
    case store::RefusalKind::kDenied:
    case store::RefusalKind::kMismatch:
    case store::RefusalKind::kDeleted:
      return waited >= std::min(kAboutADay * (1 << std::clamp(refusal.asks - 1, 0, 5)), kLongest);
    case store::RefusalKind::kGhost:
      return true;
  }
  return true;
}

}  // namespace agent
