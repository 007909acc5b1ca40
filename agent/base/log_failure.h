#pragma once

#include <string>

#include "agent/base/exit_status.h"
#include "agent/base/failure.h"
#include "agent/base/log.h"

namespace agent {

/// Writes the error to the log, as one of `source` or, where that is empty, of the whole run.
/// Returns the exit status that it means.
inline ExitStatus log_failure(Log& log, const std::string& source, const store::Error& error) {
  log.error({source, "", explain(error)});
  return status_of(error);
}

}  // namespace agent
