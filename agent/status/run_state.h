#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "agent/base/exit_status.h"

namespace agent {

/// How a run ended, as a whole or for one source; or that it has not yet.
enum class RunState {
  kOk,
  kAttention,   ///< all is held, and an alarm is open
  kIncomplete,  ///< something could not be had
  kFailed,
  kAbsent,  ///< there was no disk to work on, or another was at work on it
  kRunning,
  kUnknown,  ///< what a newer holdfast says, and we do not know
};

/// Their names, as the status file and the hooks have them, in the same order.
inline constexpr std::array<std::string_view, 7> kRunStateNames = {
    "ok", "attention", "incomplete", "failed", "absent", "running", "unknown"};

constexpr std::string_view name_of(RunState state) {
  return kRunStateNames[static_cast<std::size_t>(state)];
}

constexpr RunState run_state_of(std::string_view name) {
  const auto* const found = std::find(kRunStateNames.begin(), kRunStateNames.end(), name);
  if (found == kRunStateNames.end()) return RunState::kUnknown;
  return static_cast<RunState>(found - kRunStateNames.begin());
}

constexpr RunState state_of(ExitStatus status) {
  switch (status) {
    case ExitStatus::kOk:
      return RunState::kOk;
    case ExitStatus::kAlarm:
      return RunState::kAttention;
    case ExitStatus::kIncomplete:
      return RunState::kIncomplete;
    case ExitStatus::kNotNow:
      return RunState::kAbsent;
    default:
      return RunState::kFailed;
  }
}

/// True for the states of runs that end with 2, 70, 74, 75, 77 or 78.
constexpr bool is_failure(RunState state) {
  switch (state) {
    case RunState::kIncomplete:
    case RunState::kFailed:
    case RunState::kAbsent:
      return true;
    case RunState::kOk:
    case RunState::kAttention:
    case RunState::kRunning:
    case RunState::kUnknown:
      return false;
  }
  return false;
}

static_assert(name_of(RunState::kUnknown) == "unknown");
static_assert(run_state_of("absent") == RunState::kAbsent);

}  // namespace agent
