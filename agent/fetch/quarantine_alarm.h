#pragma once

#include <string>

#include "agent/fetch/accepted.h"
#include "agent/run/run_context.h"

namespace agent {

/// What the alarm `changed` says of a content that went to quarantine.
struct QuarantineAlarm {
  std::string message;
  bool is_known = false;  ///< a person knows of it from the time that the other disk was here
};

/// `path` is where the content lies. Reads the ledger and writes nothing. An error is the ledger's.
store::Result<QuarantineAlarm> quarantine_alarm(store::Ledger& ledger, const SourceRun& source,
                                                const Accepted& accepted, const std::string& path);

}  // namespace agent
