#pragma once

#include <string>
#include <vector>

#include "agent/base/exit_status.h"

namespace CLI {
class App;
}

namespace agent {

/// The words that are neither options of the program nor the values of those: the command, where
/// there is one, and what follows it.
std::vector<std::string> plain_words(int argc, const char* const* argv);

/// False after a line on stderr, which names the command that may have been meant.
bool is_command(const CLI::App& app, const std::string& name);

/// Prints how the program is used, or one command of it.
ExitStatus print_help(CLI::App& app, const std::string& command);

}  // namespace agent
