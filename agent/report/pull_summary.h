#pragma once

#include <chrono>
#include <string>

#include "agent/status/status.h"

namespace agent {

/// Three lines for a person at a terminal, after a pull: what came and how long it took, what is
/// held, what needs somebody. `colour`: the last one says how bad it is with one word in colour.
std::string pull_summary(const StatusReport& status, std::chrono::seconds elapsed, bool colour);

}  // namespace agent
