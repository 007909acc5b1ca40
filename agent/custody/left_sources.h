#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Scrubs what the disk holds of sources that have left the configuration, and shows it in the
/// status. Requires a run of all sources. Their open alarms set `left_status` of the context. An
/// error is the disk's.
store::Status tend_left_sources(RunContext& context, Clock::Steady run_begun);

}  // namespace agent
