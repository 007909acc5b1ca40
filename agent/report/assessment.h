#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/report/alarm_severity.h"
#include "agent/report/status_now.h"
#include "agent/status/status.h"

namespace agent {

/// One thing that is not as it should be.
struct Concern {
  Severity severity = Severity::kWarning;
  std::string source;  ///< empty: it concerns the machine
  std::string fact;    ///< "ON HOLD (150 changed, 9 gone)", "the disk is absent"
  std::string remedy;  ///< what to do; empty where the alarms of the source say it
};

struct AssessmentOptions {
  /// How old the last success may be; none: as old as it usually gets.
  std::optional<std::chrono::seconds> max_age;
  std::string source;  ///< empty: all of them
};

/// The assessment of a status: what --check, the text, the page and the hooks agree on.
struct Assessment {
  Severity severity = Severity::kOk;
  std::vector<Concern> findings;  ///< alarms and HOLD first, then the gravest
  std::string summary;            ///< all findings in one line; "all is well" where there are none
};
Assessment assess(const StatusReport& status, const Present& present,
                  const AssessmentOptions& options = {});

}  // namespace agent
