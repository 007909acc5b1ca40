#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Removes staged files that nothing pending can use: their object was held, changed or deleted.
store::Status sweep_unwanted(RunContext& context);

}  // namespace agent
