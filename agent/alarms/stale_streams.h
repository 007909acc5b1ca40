#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// At the end of a run: raises `small` for sets that arrived incomplete or too small, and `stale`
/// for a source, or a stream, to which nothing came for too long. Ends `stale` where something came
/// again. It goes by the times at which we first held an archive, because the uploader chooses
/// names and dates. An error is the disk's.
store::Status raise_arrival_alarms(RunContext& context, const SourceRun& source);

}  // namespace agent
