#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "store/ledger/ledger_carried.h"

namespace agent {

/// What one disk leaves for the other, as text: a line that names the disk, and one for each word.

/// Longer than this it is not made, and not believed.
inline constexpr std::size_t kMaxCarriedBytes = std::size_t{16} << 20;

std::string head_of_words(const std::string& disk);
/// With an end of line; empty for what JSON cannot carry.
std::string line_of(const store::Word& word);

/// Calls `take` for each word, in order, until it returns false. The error says what is wrong with
/// the text, which may be anybody's: words before it were given already.
Result<void> read_words(std::string_view text, const std::string& disk,
                        const std::function<bool(const store::Word&)>& visit);

}  // namespace agent
