#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/config/name_time.h"

namespace agent {

/// Times in one name that are no further apart are of one backup: parts that straddle midnight, or
/// a dump in a folder of the day before.
inline constexpr std::int64_t kNearTimesDays = 2;

/// Which of the times in a name is that of its backup: the first that is within kNearTimesDays of
/// the latest. `times` is not empty.
std::size_t own_time_of(const std::vector<NameTime>& times);

/// The set that an archive belongs to. A set is one backup: all keys that are equal up to and
/// including their own time. A key without a time is a set of its own. Pure. No setting of `series`
/// changes it.
std::string_view set_of(std::string_view key);

}  // namespace agent
