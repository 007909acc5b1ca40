#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace agent {

/// What a child gets for its standard streams; every other descriptor of ours is closed in it.
struct ChildStreams {
  int input = -1;   ///< -1: /dev/null
  int output = -1;  ///< a descriptor above the standard ones
  int errors = -1;  ///< likewise; -1: closed
};

/// Starts `program` with `words` as its arguments, its own name first, and with `environment`
/// alone, in a session and a process group of its own, with no signal blocked or ignored. Returns 0
/// and sets `pid`, or returns what errno would be. The caller waits for the child.
int spawn_child(const std::string& program, std::vector<std::string> words,
                std::vector<std::string> environment, const ChildStreams& streams, pid_t& pid);

/// Waits for the end of a child: its status as of waitpid(), or -1 where that is lost.
int reap_child(pid_t pid);

/// Whether a child has ended. It can still be reaped.
bool has_ended(pid_t pid);

/// As exec() wants them: with a nullptr at the end. They point into `texts`.
std::vector<char*> pointers_to(std::vector<std::string>& texts);

}  // namespace agent
