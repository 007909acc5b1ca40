#pragma once

#include <string>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/custody/drill_world.h"
#include "agent/run/mirror.h"
#include "store/ledger/ledger.h"

namespace agent {

/// What became of a drill that was begun.
struct DrillDone {
  store::DrillRun run;
  bool interrupted = false;  ///< we were told to stop, so nothing is said of the backup
};

/// One drill, from the scratch directory to its removal: restores, and runs the command, or opens
/// what was restored. `mirror` is open for reading, and closed once all is restored, so that what
/// the command takes its time for holds up no pull. The error is the mirror's; whatever else goes
/// wrong makes the drill fail.
store::Result<DrillDone> run_drill(Mirror mirror, const Config& config, const DrillConfig& drill,
                                   const Environment& environment, const DrillWorld& world);

}  // namespace agent
