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

/// A user of this system, with the ids that a process of this user has.
struct SystemUser {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};
};
/// nullopt where there is no user of that name.
std::optional<SystemUser> find_system_user(const std::string& name);

/// What a drill runs over what was restored.
struct DrillCommand {
  std::string line;                                              ///< for /bin/sh
  std::string directory;                                         ///< where it runs
  std::vector<std::pair<std::string, std::string>> variables{};  ///< all of its environment
  std::optional<SystemUser> user{};                              ///< none: the one that we are
  std::chrono::seconds timeout{0};
  /// A descriptor that the guard keeps open as long as any process of the command is left. The
  /// command does not get it.
  int lock = -1;
  /// Asked several times a second: returns why the command has to end now, as a sentence, or
  /// nullopt.
  std::function<std::optional<std::string>()> must_end{};
};

/// What became of it.
struct DrillOutcome {
  std::string
      complaint;  ///< empty where the command ended with 0; else a sentence, with its last words
  std::string printed;     ///< the last 4 KiB
  bool was_ended = false;  ///< by `must_end`
};

/// Runs the command in a session of its own, at the lowest priority, with /dev/null as its input
/// and with no other descriptor of ours. No process that it started is left on return: what runs in
/// the background or in another session is ended too, also when we are killed. When its time is
/// over, and when `must_end` says so, it gets SIGTERM, and SIGKILL three seconds later.
DrillOutcome run_drill_command(const DrillCommand& command);

}  // namespace agent
