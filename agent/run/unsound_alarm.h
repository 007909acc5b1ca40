#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/ledger/records.h"

namespace agent {

/// What the alarm of a stream says of `count` other contents of it that are no better: nothing,
/// `one`, or `many` with the count in the place of "{}".
std::string words_of_others(std::uint64_t count, std::string_view one, std::string_view many);
/// The same of those that came before the last one of the stream; for unsound_message().
std::string others_before(const store::StreamForm& form);

/// What the alarm of a stream says. `others` are words_of_others().
std::string unsound_message(std::string_view key, std::string_view others, std::string_view why,
                            std::string_view source);

}  // namespace agent
