#include <algorithm>
#include <thread>

#include "agent/base/clock.h"

namespace agent {

Clock::WallTime SystemClock::now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Clock::Steady SystemClock::steady_now() { return std::chrono::steady_clock::now(); }

void SystemClock::sleep(std::chrono::milliseconds duration, const StopFlag& stop) {
  constexpr std::chrono::milliseconds kSlice{100};
  while (duration.count() > 0 && !stop.load()) {
    const auto slice = std::min(duration, kSlice);
    std::this_thread::sleep_for(slice);
    duration -= slice;
  }
}

}  // namespace agent
