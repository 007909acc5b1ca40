#pragma once

#include "agent/clock.h"

namespace test {

/// The system's time, but nobody waits: pauses between retries take none.
class ImpatientClock final : public agent::Clock {
 public:
  WallTime now() override { return system_.now(); }
  Steady steady_now() override { return system_.steady_now(); }
  void sleep(std::chrono::milliseconds, const agent::StopFlag&) override {}

 private:
  agent::SystemClock system_;
};

}  // namespace test
