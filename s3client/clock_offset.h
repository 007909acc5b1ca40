#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "s3client/session.h"
#include "s3client/transport.h"

namespace s3 {

/// Server minus local clock, as one response tells it: its Date against the middle of the round
/// trip. nullopt when there is no Date, when a cache answered (Age), or when the round trip took
/// longer than 15 minutes. The resolution is that of Date, a second.
std::optional<std::chrono::milliseconds> clock_offset_of(const HttpHead& head, ClockTime sent,
                                                         ClockTime received);

/// What the signature of a request says that the time is: the server's, as far as it is known.
std::chrono::sys_seconds signing_time(ClockTime sent, std::chrono::milliseconds offset);

/// What an error code says about the time in the signature.
enum class TimeBlame { kNone, kPossible, kDefinite };
TimeBlame time_blame(std::string_view code);

/// Whether signing again with what was learned can help: always for a definite code; for a possible
/// one when it moves the signing time by more than 4 minutes. Nothing learned: never.
bool worth_signing_again(TimeBlame blame, std::chrono::milliseconds used,
                         std::optional<std::chrono::milliseconds> learned);

}  // namespace s3
