#pragma once

#include "agent/run_context.h"

namespace agent {

/// Tells on_alarm of each alarm that it was not told of: once each, whatever the command makes of
/// it. A run that is stopped, or has many, leaves the rest to the next.
store::Status announce_alarms(RunContext& context);

}  // namespace agent
