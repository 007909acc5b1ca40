#pragma once

#include <optional>
#include <string_view>

#include "agent/base/units.h"

namespace agent {

/// A moment as a person gives it: RFC 3339, also with an offset or a fraction, or "2026-01-31
/// 02:00" in local time, or "2026-01-31": the last second of that local day.
std::optional<Time> parse_moment(std::string_view text);

}  // namespace agent
