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
  bool due = false;     ///< at least one content is to be read, however large it is
  bool behind = false;  ///< the slice may take as long as it needs
};

/// Says how much of what is held is due since the last slice: as much as it takes to read
/// everything within three quarters of `every`. Once something was not read for that long, it is as
/// much as it takes to read the rest within the last quarter. Pure.
ScrubAllowance scrub_allowance(const ScrubPace& pace);

/// The text of the alarm that a reading raises.
std::string damage_message(const store::Reading& reading);

/// Reads again what is due of one source, which may have left the configuration. An error is the
/// disk's.
store::Status scrub_source(RunContext& context, const SourceRun& source, Clock::Steady run_begun);

/// Reads again what is due of each source of the run. It takes no longer than the run took so far,
/// unless the source is behind. What it finds raises alarms and is reported. An error is the
/// disk's.
store::Status scrub_due(RunContext& context, Clock::Steady run_begun);

}  // namespace agent
