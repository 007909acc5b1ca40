#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace agent {

/// All that the guard of a command needs. It is made before the fork.
struct GuardPlan {
  char* const* arguments = nullptr;    ///< of the command, its path first
  char* const* environment = nullptr;  ///< all of it
  const char* directory = nullptr;     ///< where the command runs
  int output = -1;                     ///< the descriptor to which the command prints
  int report = -1;                     ///< the descriptor to which the guard writes a GuardReport
  int lock = -1;                       ///< stays open in the guard
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

/// Is called in a process that was forked to guard a command. It starts the command, waits for its
/// end, ends all processes that are left of it, reports, and exits. At SIGTERM, which it also gets
/// when its parent dies, it ends the command with all its processes. It calls only what may be
/// called after a fork of a process with threads.
[[noreturn]] void guard_command(const GuardPlan& plan);

}  // namespace agent
