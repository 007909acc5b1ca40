#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "agent/base/clock.h"

namespace test {

/// Time that stands still but for advance() and sleep(), which returns at once and is written down.
/// Starts at the system's time, so that signatures are in time for a server that does not share it.
/// Thread-safe.
class ManualClock final : public agent::Clock {
 public:
  ManualClock()
      : now_(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())) {}
  explicit ManualClock(WallTime now) : now_(now) {}

  WallTime now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  Steady steady_now() override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  void sleep(std::chrono::milliseconds duration, const agent::StopFlag& stop) override {
    const std::lock_guard lock(mutex_);
    if (stop.load()) return;
    sleeps_.push_back(duration);
    step(duration);
  }

  void advance(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    step(duration);
  }
  std::vector<std::chrono::milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  void step(std::chrono::milliseconds duration) {
    now_ += duration;
    steady_ += duration;
  }

  mutable std::mutex mutex_;
  WallTime now_;
  Steady steady_{};
  std::vector<std::chrono::milliseconds> sleeps_;
};

}  // namespace test
