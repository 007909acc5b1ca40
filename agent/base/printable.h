#pragma once

#include <string>
#include <string_view>

namespace agent {

/// Makes any text fit for a terminal, a mail and a log line: each byte of what steers a terminal
/// (control characters), turns the direction of reading or is not to be seen (U+202E, U+200B, odd
/// spaces and their like), and of what is no UTF-8, becomes \xNN. What was made so stays as it is
/// when it is done again. Keys come from upstream, who may be hostile.
std::string printable(std::string_view text);
/// Of a key, or whatever else is a name: a backslash is doubled as well, so that no two names look
/// alike.
std::string printable_name(std::string_view name);
/// As printable, with a space for each line break and tab.
std::string one_line(std::string text);

bool is_utf8(std::string_view bytes);

}  // namespace agent
