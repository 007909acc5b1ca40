#pragma once

#include <string>

#include "agent/report/assessment.h"
#include "agent/report/status_now.h"
#include "agent/status/status.h"

namespace agent {

/// One line as monitoring plugins write it: "HOLDFAST OK: ... | 'held'=4096B;;;0". The numbers are
/// those of `options.source` where it names one.
std::string check_line(const StatusReport& status, const Present& present,
                       const Assessment& assessment, const AssessmentOptions& options);

}  // namespace agent
