#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Reads again what agent/custody/scrub_due.h says is due of one source, which may have left the
/// configuration. An error is the disk's.
store::Status scrub_source(RunContext& context, const SourceRun& source, Clock::Steady run_begun);

/// Reads again what is due of each source of the run. It takes no longer than the run took so far,
/// unless the source is behind. What it finds raises alarms and is reported. An error is the
/// disk's.
store::Status scrub_sources(RunContext& context, Clock::Steady run_begun);

}  // namespace agent
