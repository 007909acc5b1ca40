#pragma once

#include <atomic>
#include <chrono>

namespace agent {

/// Set by a signal, or by the run itself when going on makes no sense; looked at between chunks.
using StopFlag = std::atomic<bool>;

/// Time, as an interface: tests run years in a moment.
class Clock {
 public:
  using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
  using Steady = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual WallTime now() = 0;
  /// Never jumps; for measuring how long something took.
  virtual Steady steady_now() = 0;
  /// Returns early when `stop` is set.
  virtual void sleep(std::chrono::milliseconds duration, const StopFlag& stop) = 0;

  std::chrono::sys_seconds now_s() { return std::chrono::floor<std::chrono::seconds>(now()); }
};

/// The system's. Thread-safe.
class SystemClock final : public Clock {
 public:
  WallTime now() override;
  Steady steady_now() override;
  void sleep(std::chrono::milliseconds duration, const StopFlag& stop) override;
};

}  // namespace agent
