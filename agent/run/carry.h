#pragma once

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/run/open_mirror.h"

namespace agent {

/// Where two disks take turns: takes what was told and said while the other one was here, from the
/// file that carry_out() left beside the status file. A file that is not what holdfast wrote there
/// is warned of, and is as if it were not there; the error is the ledger's. `mirror` is open for
/// writing.
store::Status carry_in(const Config& config, const Environment& environment, Mirror& mirror);

/// Leaves for the other disk what was told and said of this one's alarms. A file that cannot be
/// written is warned of: at worst somebody is asked once more. Writes nothing where the file says
/// so already.
store::Status carry_out(const Config& config, const Environment& environment, Mirror& mirror);

}  // namespace agent
