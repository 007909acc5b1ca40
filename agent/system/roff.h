#pragma once

#include <string>
#include <string_view>

namespace agent {

/// A text as roff reads it: nothing in it is a request or an escape, `backticks` and **stars** are
/// bold, and each sentence begins a line, none of which is longer than 78 characters.
std::string roff_text(std::string_view text);
/// One word in bold.
std::string roff_bold(std::string_view word);
/// A paragraph with a hanging tag; both are roff already.
std::string roff_item(std::string_view tag, std::string_view body);

/// As much of Markdown as the manual is written in: headings of two levels, paragraphs, lists,
/// tables, whose first column becomes a hanging tag, and indented blocks, which stay as they are.
std::string roff_from_markdown(std::string_view page);

}  // namespace agent
