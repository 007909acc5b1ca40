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

/// What is known of a drill, in one line: "restored 2 archives (4.1 MiB) in 4m 10s, ...".
std::string words_of(const DrillStatus& drill, Time now);

/// For the audit: "site: restored 2026-11-20 from the archive of that night in 4 min 10 s". Empty
/// where it never succeeded.
std::string answer_of(const DrillStatus& drill);

}  // namespace agent
