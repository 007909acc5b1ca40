#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "agent/base/clock.h"

namespace agent {

/// When what is under way has to end: somebody asked us to stop, or the time that a run may take is
/// over. Copies look at the same flag. Thread-safe.
class Halt {
 public:
  /// Only the flag.
  Halt(const StopFlag& stop) : stop_(&stop) {}  // NOLINT(google-explicit-constructor)
  Halt(const StopFlag& stop, Clock& clock, Clock::Steady cut_off)
      : stop_(&stop), clock_(&clock), cut_off_(cut_off) {}

  /// The same, and at the latest at this time.
  Halt at_latest(Clock& clock, Clock::Steady end) const {
    return {*stop_, clock, std::min(cut_off_, end)};
  }

  bool load() const { return stop_->load() || is_late(); }

  /// Pauses, but not past the end.
  void sleep(Clock& clock, std::chrono::milliseconds duration) const {
    if (clock_ != nullptr && cut_off_ != Clock::Steady::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          std::max(cut_off_ - clock_->steady_now(), Clock::Steady::duration{0}));
      duration = std::min(duration, left);
    }
    if (duration.count() > 0) clock.sleep(duration, *stop_);
  }

 private:
  bool is_late() const { return clock_ != nullptr && clock_->steady_now() >= cut_off_; }

  const StopFlag* stop_;
  Clock* clock_ = nullptr;
  Clock::Steady cut_off_ = Clock::Steady::max();
};

}  // namespace agent
