#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Walks the archives that were not walked yet, in each source with `soundness = full`. First comes
/// the newest archive of each stream, of all sources; then, for an hour, the others, the newest
/// first. What is left then, or when the run is out of time, is left to the next run. An error is
/// the disk's.
store::Status walk_due(RunContext& context);

}  // namespace agent
