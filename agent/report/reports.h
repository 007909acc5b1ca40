#pragma once

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/run/right_disk.h"
#include "agent/status/status.h"

namespace agent {

/// Writes the metrics, where the configuration has a file for them. What cannot be written is a
/// warning: the backup is not affected.
void write_metrics(const Config& config, const Environment& environment,
                   const StatusReport& status);

/// Likewise the metrics and the page, after a run that has ended. `error`: why the disk could not
/// be used.
void write_reports(const Config& config, const Environment& environment, const StatusReport& status,
                   const MirrorError* error = nullptr);

}  // namespace agent
