#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/custody/drill_choice.h"
#include "store/disk/posix_scratch.h"

namespace agent {

/// The environment variables that a drill's command finds, all of them: nothing else of ours is
/// handed on. `user` is the name of the user that it runs as.
std::vector<std::pair<std::string, std::string>> drill_environment(const DrillConfig& drill,
                                                                   const DrillSet& set,
                                                                   const store::Scratch& scratch,
                                                                   const std::string& user,
                                                                   const Environment& environment);

}  // namespace agent
