#pragma once

#include <string_view>

namespace agent {

/// True when the whole of `text` matches. `*` is any run of bytes but '/', `**` any run at all,
/// `**/` any number of whole directories, none included, `?` one byte but '/', `[a-z]` and `[!a-z]`
/// one of a set, `\` takes the next byte literally. Linear in the length of `text` for each `*`: no
/// pattern can hang it.
bool glob_match(std::string_view pattern, std::string_view text);

/// A pattern that glob_match() can mean something by: no '[' without its ']', no '\' at the end.
bool glob_is_valid(std::string_view pattern);

}  // namespace agent
