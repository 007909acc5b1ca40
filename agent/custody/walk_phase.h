#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Walks what was not walked yet in each source that is to be walked (`soundness = full`): the
/// newest of each stream first, of all sources, and then for an hour what is left, the newest
/// first. The rest is left to the next run, as is what the run has no time for. An error is the
/// disk's.
store::Status walk_due(RunContext& context);

}  // namespace agent
