#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// What lies on the disk of sources that have left the configuration is scrubbed on and shown. To
/// be called in a run of all sources. Their open alarms become `left_status` of the context. An
/// error is the disk's.
store::Status tend_left_sources(RunContext& context, Clock::Steady run_begun);

}  // namespace agent
