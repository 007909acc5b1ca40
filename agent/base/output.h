#pragma once

#include <functional>
#include <string>

#include "agent/base/exit_status.h"

namespace agent {

/// One line, or one document, on stdout.
using Print = std::function<void(const std::string&)>;

/// A text on stdout, line by line, each made printable: the last door for whatever names are in it.
void print_line(const std::string& text);

/// Likewise, of what is made by us alone, and may have colour in it.
void print_coloured(const std::string& text);

/// Call it at the end: whatever of the output could not be written is an error, told on stderr, and
/// the program ends with 74 at least. A closed pipe is not: whoever reads it has had enough.
ExitStatus with_stdout_written(ExitStatus status);

}  // namespace agent
