#include "agent/custody/drill_due.h"

#include <algorithm>
#include <chrono>

namespace agent {
namespace {

// A timer that comes once a day, and spreads.
constexpr std::chrono::hours kLooksEvery{26};

}  // namespace

bool is_drill_due(const DrillConfig& drill, const std::optional<store::DrillMemory>& memory,
                  Time now) {
  if (!memory || !memory->last) return true;
  // A clock that was set back makes nothing early for ever.
  if (memory->last->at > now) return true;
  if (!memory->last->succeeded) return now - memory->last->at >= kAboutADay;
  const auto ahead = std::max<std::chrono::seconds>(
      drill.every / 10, std::min<std::chrono::seconds>(kLooksEvery, drill.every * 2 / 3));
  return now - memory->last->at >= drill.every - ahead;
}

}  // namespace agent
