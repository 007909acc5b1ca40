#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/report/told.h"
#include "agent/status/status.h"

namespace agent {

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
