#pragma once

#include "agent/base/environment.h"

namespace agent {

/// A terminal is at stderr, and can be drawn on.
bool understands_escape_codes();

/// The real world.
Environment system_environment(Clock& clock, Log& log, StopFlag& stop);

}  // namespace agent
