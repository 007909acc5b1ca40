#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/config/config.h"

namespace agent {

struct PullOptions {
  std::vector<std::string> sources;  ///< empty: all
  bool dry_run = false;
  bool json = false;
};

/// The cron job: list, compare, fetch, verify, place, record, report. On return the status file
/// says how it went, whatever happened. A dry run prints to `print` what would be fetched, and
/// writes nothing.
ExitStatus pull(const Config& config, const PullOptions& options, const Environment& environment,
                const std::function<void(const std::string&)>& print);

}  // namespace agent
