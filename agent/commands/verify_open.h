#pragma once

#include <vector>

#include "agent/commands/commands.h"
#include "agent/run/open_mirror.h"

namespace agent {

/// `holdfast verify --open` of these sources: each archive is walked, and what is not sound, or
/// stayed undecided although its form is known, is told; then one line for each source, or one
/// JSON object. 1 where one is unsound, 2 where nothing could be walked or it was interrupted.
ExitStatus verify_open(const Config& config, const VerifyOptions& options,
                       const Environment& environment, Mirror& mirror, bool read_only,
                       const std::vector<const SourceConfig*>& sources, const Print& print);

}  // namespace agent
