#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// At the end of a run: what arrived is judged by its size and its series, and the source by how
/// long nothing has arrived. Raises `small` and `stale`; ends `stale` where something came again.
/// Times are those at which we first held an archive: names and dates are the uploader's to choose.
store::Status raise_arrival_alarms(RunContext& context, const SourceRun& source);

}  // namespace agent
