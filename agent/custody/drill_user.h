#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/custody/drill_world.h"

namespace agent {

struct DrillUser {
  std::optional<SystemUser> user{};  ///< none: the one that we are
  std::string complaint{};           ///< why nobody can be found, as a sentence; else empty
};

/// Whom a drill's command runs as: where we are root whom `user` names, or nobody, and otherwise
/// the one that we are. It is never root because nobody was named.
DrillUser choose_drill_user(const DrillConfig& drill, const DrillWorld& world);

}  // namespace agent
