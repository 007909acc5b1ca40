#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Removes the staged files that nothing pending can use, because their object is held by now, was
/// changed or was deleted. An error is the disk's.
store::Status sweep_unwanted(RunContext& context);

}  // namespace agent
