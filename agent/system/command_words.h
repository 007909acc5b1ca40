#pragma once

#include <string>
#include <vector>

namespace agent {

/// The command line as it is parsed, for what describes it: the manual and the completions.
struct OptionWords {
  std::vector<std::string> names;  ///< "--config", "-v"; empty: a positional argument
  std::string value;               ///< "FILE", or a positional's name; empty: it takes none
  std::string meaning;
  std::vector<std::string> choices;  ///< of the value; empty: anything
  bool required = false;
  bool many = false;
};

struct CommandWords {
  std::string name;
  std::string meaning;
  std::vector<OptionWords> options;
  std::vector<OptionWords> arguments;
};

struct ProgramWords {
  std::vector<OptionWords> options;
  std::vector<CommandWords> commands;
};

/// Asked of the parser itself.
ProgramWords program_words();

}  // namespace agent
