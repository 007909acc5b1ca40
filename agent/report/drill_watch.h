#pragma once

#include <chrono>
#include <string>

#include "agent/config/config.h"
#include "agent/run/run_context.h"
#include "agent/status/status.h"
#include "store/ledger/ledger.h"

namespace agent {

/// The alarm of a drill that has failed.
std::string words_of_failure(const DrillConfig& drill, const store::DrillRun& run);

/// What the ledger remembers of the drills of the configuration. The ledgers of two disks that take
/// turns each have their own.
void show_drills(const Config& config, store::Ledger& ledger, StatusReport& status);

/// At the end of a pull: drills that are new in the configuration are known from now on, those that
/// left it are forgotten, and their alarms end; one whose last success is older than `every` is
/// the alarm `drill`, once. What a killed drill left is removed.
store::Status raise_drill_alarms(RunContext& context);

}  // namespace agent
