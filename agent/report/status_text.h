#pragma once

#include <string>

#include "agent/report/assessment.h"
#include "agent/report/status_now.h"
#include "agent/status/status.h"

namespace agent {

/// What a person reads; of one source where `options.source` names it.
std::string to_text(const StatusReport& status, const Present& present,
                    const AssessmentOptions& options = {});

/// As the run left it: nobody has looked around since.
std::string to_text(const StatusReport& status, Time now);

/// Every text in it, as the file may have come from another machine, or from somebody else.
StatusReport made_printable(StatusReport status);

}  // namespace agent
