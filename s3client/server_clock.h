#pragma once

#include <chrono>

namespace s3 {

/// The server's clock. Its times are no times of ours: nothing converts them.
struct ServerClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ServerClock>;
  static constexpr bool is_steady = false;
};
using ServerTime = ServerClock::time_point;
/// To the second, as the protocol writes dates.
using ServerDate = std::chrono::time_point<ServerClock, std::chrono::seconds>;

}  // namespace s3
