#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// With on_change = generations: gives the keys of the source whose current content in the bucket
/// was held before that content back, from where it lies beside the archives. What cannot be read
/// there, or would leave less than min_free, stays pending and is fetched like any other. An error
/// is the disk's.
store::Status reinstate_returned(RunContext& context, const SourceRun& source);

/// What a person accepted while the other one of two disks was here, and lies in quarantine on this
/// one, takes its place.
store::Status reinstate_accepted(RunContext& context, const SourceRun& source);

}  // namespace agent
