#pragma once

#include "agent/environment.h"

namespace agent {

/// The real world.
Environment system_environment(Clock& clock, Log& log, StopFlag& stop);

}  // namespace agent
