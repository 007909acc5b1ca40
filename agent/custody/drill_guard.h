#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace agent {

/// All that the guard of a command needs, ready before the fork.
struct GuardPlan {
  char* const* arguments = nullptr;    ///< of the command, its path first
  char* const* environment = nullptr;  ///< all of it
  const char* directory = nullptr;
  int output = -1;  ///< what the command prints goes there
  int report = -1;  ///< a GuardReport goes there
  int lock = -1;    ///< stays open in the guard
  pid_t parent = 0;
  bool changes_user = false;
  uid_t user = 0;
  gid_t group = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
};

/// What became of the command.
struct GuardReport {
  enum class What : std::int32_t {
    kNothing = 0,
    kExited = 1,
    kSignalled = 2,
    kNoDirectory = 3,
    kNoUser = 4,
    kNotStarted = 5,
  };
  What what = What::kNothing;
  std::int32_t number = 0;  ///< the status, the signal, or errno
};

/// What a process does that was forked for a command: it starts the command, waits for its end,
/// ends all that is left of it, reports, and exits. It ends all of it at SIGTERM, which it gets
/// when its parent dies, too. Calls only what may be called in a fork of a process with threads.
[[noreturn]] void guard_command(const GuardPlan& plan);

}  // namespace agent
