#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/environment.h"
#include "agent/custody/drill_choice.h"
#include "agent/run/open_mirror.h"
#include "store/disk/posix_scratch.h"

namespace agent {

/// What was restored for a drill.
struct DrillRestored {
  DrillSet set;
  std::string complaint;  ///< why it could not be restored whole, as a sentence; else empty
  bool interrupted = false;
};

/// Restores the backup that `drill` is about into the scratch directory, with the same proof as
/// `restore`, and writes the file `files` there: the path of each archive below restored/, a line
/// each. It leaves `min_free_bytes` free where the scratch directory lies. An error is the
/// mirror's.
store::Result<DrillRestored> restore_for_drill(Mirror& mirror, const Config& config,
                                               const DrillConfig& drill,
                                               const Environment& environment,
                                               store::Scratch& scratch);

}  // namespace agent
