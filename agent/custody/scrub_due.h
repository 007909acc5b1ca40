#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "agent/base/units.h"

namespace agent {

/// Where the scrub of a source stands.
struct ScrubPace {
  Time now{};
  std::optional<Time> scrubbed_at;     ///< the end of the last slice
  std::optional<Time> oldest_read_at;  ///< none: nothing is held
  std::uint64_t held_bytes = 0;
  std::chrono::seconds every{};
};

/// What one slice may read.
struct ScrubAllowance {
  std::uint64_t bytes = 0;
  bool due = false;     ///< at least one content is to be read, however large it is
  bool behind = false;  ///< the slice may take as long as it needs
};

/// Says how much of what is held is due since the last slice: as much as it takes to read
/// everything within three quarters of `every`. Once something was not read for that long, it is as
/// much as it takes to read the rest within the last quarter. Pure.
ScrubAllowance scrub_allowance(const ScrubPace& pace);

/// Decides of each content in turn, that which was not read for longest first, whether a slice
/// reads it too. Which comes first says store/ledger/ledger_reading_order.cc.
class ScrubBudget {
 public:
  explicit ScrubBudget(ScrubAllowance allowance) : allowance_(allowance) {}

  /// True where the content is to be read, and counts it then. False ends the slice. `taken` is how
  /// long the slice has taken so far, and `run_took` how long the run had before it: a slice takes
  /// no longer than that, unless the source is behind.
  bool takes(std::uint64_t size_bytes, std::chrono::nanoseconds taken,
             std::chrono::nanoseconds run_took);

 private:
  ScrubAllowance allowance_;
  std::uint64_t taken_bytes_ = 0;
  bool taken_any_ = false;
};

}  // namespace agent
