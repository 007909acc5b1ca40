#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/environment.h"
#include "agent/custody/drill_choice.h"
#include "agent/run/mirror.h"
#include "store/disk/posix_scratch.h"

namespace agent {

/// What was restored for a drill.
struct DrillRestored {
  DrillSet set;
  std::string complaint;  ///< why it could not be restored whole, as a sentence; else empty
  bool interrupted = false;
};

/// Restores the backup that `drill` is about into the scratch, proven as `restore` does, and writes
/// the list of it: the path of each below restored/, a line each. Takes nothing of what
/// `min_free_bytes` keeps free where the scratch lies. Errors are the mirror's.
store::Result<DrillRestored> restore_for_drill(Mirror& mirror, const Config& config,
                                               const DrillConfig& drill,
                                               const Environment& environment,
                                               store::Scratch& scratch);

}  // namespace agent
