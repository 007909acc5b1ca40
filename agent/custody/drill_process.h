#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.h"

namespace agent {

/// A user of this system, and what a process has to take on to be that one.
struct SystemUser {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};
};
/// nullopt: there is none of that name.
std::optional<SystemUser> find_system_user(const std::string& name);

/// What a drill runs over what was restored.
struct DrillCommand {
  std::string line;                                              ///< for /bin/sh
  std::string directory;                                         ///< where it runs
  std::vector<std::pair<std::string, std::string>> variables{};  ///< all of its environment
  std::optional<SystemUser> user{};                              ///< none: the one that we are
  std::chrono::seconds timeout{0};
  /// Stays open as long as anything of the command is left; the command itself does not get it.
  int lock = -1;
  /// Asked several times a second: why it has to end now, as a sentence.
  std::function<std::optional<std::string>()> must_end{};
};

/// What became of it.
struct DrillOutcome {
  std::string complaint;   ///< empty: it ended with 0; else a sentence, with what it said last
  std::string printed;     ///< the last 4 KiB
  bool was_ended = false;  ///< by `must_end`
};

/// Runs it, in a session of its own, at the lowest priority, without any other file of ours; stdin
/// is /dev/null. Nothing that it started is left when this returns: what it left in the background
/// or in other sessions is ended too, and so is all of it when we are killed. At the end of its
/// time, and when it must end, it gets SIGTERM, and SIGKILL three seconds later.
DrillOutcome run_drill_command(const DrillCommand& command);

}  // namespace agent
