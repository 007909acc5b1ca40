#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/custody/drill_process.h"

namespace agent {

/// What a drill needs of this system in addition to the Environment. Tests put fakes in its place.
struct DrillWorld {
  bool is_root = false;
  std::string user_name;  ///< of the user that we run as
  std::function<std::optional<SystemUser>(const std::string& name)> find_user = find_system_user;
  std::function<DrillOutcome(const DrillCommand&)> run = run_drill_command;
};
DrillWorld drills_world();

}  // namespace agent
