#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace agent {

/// The value of `[disk] id`: the id of one disk, or of two that take turns, with a comma between.
/// None for an empty value. The error says what is wrong with it.
Result<std::vector<std::string>> parse_disk_ids(std::string_view value);

}  // namespace agent
