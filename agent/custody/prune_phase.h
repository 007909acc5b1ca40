#pragma once

#include <chrono>

#include "agent/run/run_context.h"
#include "store/disk/error.h"

namespace agent {

/// How far a server's clock and ours may differ where both are trusted: what servers bear with in a
/// signature.
constexpr std::chrono::minutes kMaxClockError{15};

/// The end of a pull: removes what the keep rules do not hold, of each source that went well and
/// whose clock is trusted. In the first run that pulls a source to its end nothing is removed; that
/// there was one is recorded.
store::Status prune_pulled(RunContext& context);

}  // namespace agent
