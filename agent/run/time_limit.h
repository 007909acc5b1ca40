#pragma once

#include <chrono>

#include "agent/base/clock.h"

namespace agent {

/// What is under way when `max_runtime` is over has this long to end by itself.
inline constexpr std::chrono::seconds kWindDown{60};

/// How long a run may take.
struct TimeLimit {
  Clock::Steady deadline = Clock::Steady::max();  ///< nothing new starts after it
  Clock::Steady cut_off = Clock::Steady::max();   ///< and what is under way ends

  /// Of a run that begins now; `max_runtime` 0: it may take for ever.
  static TimeLimit from_now(Clock& clock, std::chrono::seconds max_runtime) {
    if (max_runtime.count() <= 0) return {};
    const auto deadline = clock.steady_now() + max_runtime;
    return {deadline, deadline + kWindDown};
  }
};

}  // namespace agent
