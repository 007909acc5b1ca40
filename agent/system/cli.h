#pragma once

#include <functional>

#include "agent/base/exit_status.h"

namespace CLI {
class App;
}

namespace agent {

/// The whole program: parses the arguments, runs the command, returns how it ended.
ExitStatus run_cli(int argc, const char* const* argv);

/// Shows the parser, as run_cli() has it, to what describes the command line.
void visit_command_line(const std::function<void(CLI::App&)>& visit);

}  // namespace agent
