#pragma once

#include "agent/run_context.h"

namespace agent {

/// Tells on_alarm of each alarm that it was not told of: once each, whatever the command makes of
/// it, the gravest first. Of many the rest is one summary, of the kind `summary` and no source. A
/// run that is stopped leaves the rest to the next, with the one that it was telling.
store::Status announce_alarms(RunContext& context);

}  // namespace agent
