#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"

namespace agent {

/// Runs `/bin/sh -c command` in a session of its own and waits for its end. It inherits our
/// environment without the credentials, plus `variables` (cut at a NUL), and nothing else: stdin is
/// /dev/null, no other file of ours is open, no signal is blocked or ignored. After `timeout` its
/// process group gets SIGTERM, and SIGKILL two seconds later, and likewise once `stop` is set; what
/// a command that ends in time left in the background lives on.
///
/// The error is a sentence, with the end of what the command printed. Otherwise that is thrown
/// away.
Result<void> run_shell_command(const std::string& command,
                               const std::vector<std::pair<std::string, std::string>>& variables,
                               std::chrono::seconds timeout, const StopFlag* stop = nullptr);

}  // namespace agent
