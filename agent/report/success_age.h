#pragma once

#include <chrono>
#include <vector>

#include "agent/status/status.h"

namespace agent {

/// How old the last success may be where nothing says how often one is to be expected: with
/// --check, and after the first runs.
inline constexpr std::chrono::hours kStandardAge{26};

/// How old the last success may be before somebody should ask why: by how often the last runs
/// began, and 26 hours where that is not known.
std::chrono::seconds usual_age(const std::vector<Time>& runs);

}  // namespace agent
