#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// After a listing: what is recorded while the clock is in doubt is remembered as such, and settled
/// once the clock is right again.
store::Status settle_time(RunContext& context, SourceRun& source);

}  // namespace agent
