#pragma once

#include <string>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/custody/drill_world.h"
#include "agent/run/open_mirror.h"
#include "store/ledger/ledger.h"

namespace agent {

/// What became of a drill.
struct DrillDone {
  store::DrillRun run;
  bool interrupted = false;  ///< we were told to stop, so nothing is said of the backup
};

/// Runs one drill: makes the scratch directory, restores into it, runs the command or walks what
/// was restored, and removes the directory. `mirror` is open for reading. It is closed once all is
/// restored, so that a command that takes long holds up no pull. An error is the mirror's; whatever
/// else goes wrong makes the drill fail.
store::Result<DrillDone> run_drill(Mirror mirror, const Config& config, const DrillConfig& drill,
                                   const Environment& environment, const DrillWorld& world);

}  // namespace agent
