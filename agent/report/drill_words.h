#pragma once

#include <string>

#include "agent/base/units.h"
#include "agent/status/status.h"

namespace agent {

/// What is known of a drill, in one line: "restored 2 archives (4.1 MiB) in 4m 10s, ...".
std::string words_of(const DrillStatus& drill, Time now);

/// For the audit: "site: restored 2026-11-20 from the archive of that night in 4 min 10 s". Empty
/// where it never succeeded.
std::string answer_of(const DrillStatus& drill);

}  // namespace agent
