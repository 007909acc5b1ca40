#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/proof/walk.h"

namespace agent {

/// The longest that a process in a cage may answer.
inline constexpr std::size_t kMaxAnswerBytes = 4096;

/// What a walk answers, as lines. What is no printable ASCII becomes '?', and what is long is cut.
std::string text_of(const WalkAnswer& answer);

/// Reads it back. Nothing of it is believed that such an answer cannot say: nullopt where a line is
/// missing, out of its order, twice there or of a form of its own, where a number is none, and
/// where the verdict does not fit the rest.
std::optional<WalkAnswer> parse_answer(std::string_view text);

}  // namespace agent
