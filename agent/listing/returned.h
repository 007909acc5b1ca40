#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// With `on_change = generations`: where the bucket has a content again that we hold as a
/// generation, makes that generation the archive of its key, without a download. One that cannot be
/// read, or that would leave less than `min_free`, stays pending and is fetched like any other. An
/// error is the disk's.
store::Status reinstate_returned(RunContext& context, const SourceRun& source);

/// Where a person accepted a content while the other one of two disks was here, and it lies in
/// quarantine on this one, makes it the archive of its key. An error is the disk's.
store::Status reinstate_accepted(RunContext& context, const SourceRun& source);

}  // namespace agent
