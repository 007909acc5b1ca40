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

/// How a run ended, for each source that it came to. The empty name is the run as a whole, where it
/// ended before it came to any.
struct Ending {
  std::map<std::string, RunState> states;
  std::set<std::string> configured;  ///< the sources that there are
};

/// The ending of a run that has written this status.
Ending ending_of(const StatusReport& status);

/// What there is to tell of an ending.
enum class News {
  kNothing,
  kFailure,   ///< something fails that did not, or in another way
  kReminder,  ///< it has gone on failing for `remind_every` since that was last told
  kOver,      ///< nothing fails any more
};

/// Notes the ending in `told`. `remind_every` of 0: no reminders.
News note_ending(Told& told, const Ending& ending, Time now, std::chrono::seconds remind_every);

/// Alarms of one source that are still open.
struct AlarmReminder {
  std::string source;
  std::string kind;  ///< the gravest
  Time since{};      ///< of the oldest
  std::string message;
};

/// Which sources are to be reminded of, noted in `told`: those with an alarm that was raised, and
/// not told of since, for `remind_every`; a source on HOLD each day.
std::vector<AlarmReminder> note_reminders(Told& told, const StatusReport& status, Time now,
                                          std::chrono::seconds remind_every);

}  // namespace agent
