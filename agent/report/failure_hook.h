#pragma once

#include <string>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/report/told.h"
#include "agent/report/when_to_tell.h"
#include "agent/status/run_state.h"

namespace agent {

/// What `on_failure` is told of a run.
struct FailureCall {
  News news = News::kNothing;
  ExitStatus exit = ExitStatus::kOk;
  RunState state = RunState::kFailed;
  std::string message;
};

/// Runs `on_failure`, where there is one and there is news, for at most a minute. It finds
/// HOLDFAST_EVENT (failure, reminder or over), HOLDFAST_EXIT_STATUS, HOLDFAST_STATE,
/// HOLDFAST_SOURCES (what fails, separated by commas), HOLDFAST_SINCE, HOLDFAST_MESSAGE and
/// HOLDFAST_HOST in its environment, each one line of printable text. A failure of its own is a
/// warning in the log.
void run_failure_hook(const Environment& environment, const std::string& on_failure,
                      const Told& told, const FailureCall& call);

}  // namespace agent
