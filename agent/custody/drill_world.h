#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/halt.h"
#include "agent/custody/drill_process.h"
#include "store/disk/disk.h"

namespace agent {

/// What the full walk of one restored file has shown.
struct DrillOpened {
  enum class Verdict {
    kSound,      ///< all of it could be read
    kUnsound,    ///< it is broken
    kNotJudged,  ///< it was not walked to its end
  };
  Verdict verdict = Verdict::kNotJudged;
  std::string why;  ///< unless it is sound, for a sentence
};

/// What a drill needs of this system, besides what every command does. Tests put fakes in its
/// place.
struct DrillWorld {
  bool is_root = false;
  std::string user_name;  ///< that we run as
  std::function<std::optional<SystemUser>(const std::string& name)> find_user = find_system_user;
  std::function<DrillOutcome(const DrillCommand&)> run = run_drill_command;
  /// Walks a file of this disk to its end; none: this holdfast opens nothing.
  std::function<DrillOpened(store::ReadableDisk& disk, const std::string& path, const Halt& halt)>
      open = {};
};
DrillWorld drills_world();

}  // namespace agent
