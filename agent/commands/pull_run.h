#pragma once

#include "agent/base/exit_status.h"
#include "agent/run/run_context.h"

namespace agent {

/// One pull over the sources of `context`, whose mirror is open for writing: lists, plans, fetches,
/// keeps, reads a slice again, prunes, and raises the alarms for what came. What the run met is in
/// the context's figures and in the log. A defect becomes kDefect.
ExitStatus run_pull(RunContext& context);

}  // namespace agent
