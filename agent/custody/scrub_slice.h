#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/run/run_context.h"
#include "store/custody/scrub.h"

namespace agent {

/// Where the scrub of a source stands.
struct ScrubPace {
  store::Time now{};
  std::optional<store::Time> scrubbed_at;     ///< the end of the last slice
  std::optional<store::Time> oldest_read_at;  ///< none: nothing is held
  std::uint64_t held_bytes = 0;
  std::chrono::seconds every{};
};

/// What one slice may read.
struct ScrubAllowance {
  std::uint64_t bytes = 0;
  bool due = false;     ///< read at least one content, however large
  bool behind = false;  ///< and take as long as it takes
};

/// The share of what is held that is due since the last slice: so much that everything is read in
/// three quarters of `every`; and once something was not read for that long, so much that the last
/// quarter is enough for all.
ScrubAllowance scrub_allowance(const ScrubPace& pace);

/// The text of an alarm.
std::string damage_message(const store::Reading& reading);

/// Reads again what is due of one source, which may have left the configuration.
store::Status scrub_source(RunContext& context, const SourceRun& source, Clock::Steady run_begun);

/// Reads again what is due of each source of the run, never longer than the run took so far, unless
/// it is behind. What it finds becomes alarms and lines. An error is the disk's.
store::Status scrub_due(RunContext& context, Clock::Steady run_begun);

}  // namespace agent
