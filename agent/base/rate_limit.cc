#include "agent/base/rate_limit.h"

#include <algorithm>

namespace agent {

RateLimit::RateLimit(std::uint64_t bytes_per_second, Clock& clock)
    : bytes_per_second_(bytes_per_second), clock_(clock), paid_until_(clock.steady_now()) {}

void RateLimit::spend(std::uint64_t bytes, const Halt& halt) {
  if (bytes_per_second_ == 0) return;
  using std::chrono::duration_cast;
  const auto price = std::chrono::duration<double>(static_cast<double>(bytes) /
                                                   static_cast<double>(bytes_per_second_));
  std::chrono::milliseconds wait{0};
  {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady_now();
    // Time that nobody used is gone: no burst after a pause.
    paid_until_ = std::max(paid_until_, now) + duration_cast<Clock::Steady::duration>(price);
    wait = duration_cast<std::chrono::milliseconds>(paid_until_ - now);
  }
  if (wait.count() > 0) halt.sleep(clock_, wait);
}

}  // namespace agent
