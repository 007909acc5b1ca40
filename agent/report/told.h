#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/exit_status.h"
#include "agent/status/status.h"

namespace agent {

/// What people have been told of runs that failed and of alarms that are open, so that they hear of
/// each once, and again after a while. It outlives a run in a small file beside the status file.
struct Told {
  /// What fails, and the state it was told with; the empty name is the run as a whole.
  std::map<std::string, RunState> failing;
  std::optional<Time> failing_since;
  std::optional<Time> told_at;
  std::map<std::string, Time> reminded;  ///< sources whose open alarms were told of again, and when
  bool ping_failed = false;

  bool operator==(const Told&) const = default;
};

std::string to_json(const Told& told);
/// Of a file that cannot be understood nothing is known, and people are told once more.
Told told_from_json(std::string_view text);

}  // namespace agent
