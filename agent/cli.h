#pragma once

#include "agent/exit_status.h"

namespace agent {

/// The whole program: parses the arguments, runs the command, returns how it ended.
ExitStatus run_cli(int argc, const char* const* argv);

}  // namespace agent
