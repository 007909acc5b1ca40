#pragma once

#include <chrono>

#include "agent/run/run_context.h"
#include "store/disk/error.h"

namespace agent {

/// How far a server's clock and ours may differ where both are trusted. Servers accept as much in a
/// signature.
constexpr std::chrono::minutes kMaxClockError{15};

/// At the end of a pull: removes what the keep rules do not keep, of each source that was pulled
/// without a failure and whose clock is trusted. The first run that pulls a source to its end
/// removes nothing, and records that there was such a run. An error is the disk's.
store::Status prune_pulled(RunContext& context);

}  // namespace agent
