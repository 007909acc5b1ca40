#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace agent {

/// As one word for bash, where a line is meant to be copied: exactly this text, and nothing in it
/// is a command. What would not be seen is written in $'...'. Only a NUL cannot be in a word.
std::string shell_word(std::string_view text);

/// The arguments SOURCE and KEY of a command, for whatever key: "site -- -x.tar".
std::string shell_arguments(std::string_view source, std::string_view key);

/// Where in `message` the command begins that it ends with ("...: holdfast accept site k"): it has
/// to stay on one line. The size of the message where it ends with none.
std::size_t find_command(std::string_view message);

}  // namespace agent
