#pragma once

#include <cstdint>
#include <mutex>

#include "agent/base/clock.h"
#include "agent/base/halt.h"

namespace agent {

/// Holds all downloads together to so many bytes per second. Thread-safe.
class RateLimit {
 public:
  /// 0: no limit.
  RateLimit(std::uint64_t bytes_per_second, Clock& clock);

  /// Returns when `bytes` more may have been received, or when `halt` says so.
  void spend(std::uint64_t bytes, const Halt& halt);

 private:
  const std::uint64_t bytes_per_second_;
  Clock& clock_;
  std::mutex mutex_;
  Clock::Steady paid_until_;
};

}  // namespace agent
