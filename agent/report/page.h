#pragma once

#include <string>
#include <string_view>

#include "agent/report/assessment.h"
#include "agent/report/status_now.h"
#include "agent/status/status.h"

namespace agent {

/// The status as one HTML page that needs nothing else, neither a network nor a server. It says how
/// things stand when it is opened, too: once the last success is older than it usually gets, a
/// script of its own turns it to CRITICAL.
std::string to_page(const StatusReport& status, const Present& present,
                    const AssessmentOptions& options = {});

}  // namespace agent
