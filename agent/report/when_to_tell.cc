#include "agent/report/when_to_tell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace agent {
namespace {

constexpr std::chrono::seconds kRemindOfHold = std::chrono::days{1};

// A clock that was set back must not keep anybody from being told.
bool is_due(Time told, Time now, std::chrono::seconds every) {
  return now < told || now - told >= every;
}

std::string counted_kinds(const SourceStatus& source) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& alarm : source.alarms) ++counts[alarm.kind];
  std::string out;
  for (const auto& [kind, count] : counts) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, kind);
  }
  return out;
}

AlarmReminder reminder_of(const SourceStatus& source, Time oldest) {
  AlarmReminder reminder;
  reminder.source = source.name;
  reminder.kind = source.alarms.front().kind;
  reminder.since = oldest;
  const bool one = source.alarm_count == 1;
  reminder.message = fmt::format(
      "{}{} {} still open ({}), the oldest since {}; 'holdfast status' shows {}, 'holdfast ack {}' "
      "ends {}",
      source.hold ? "on HOLD; " : "", source.alarm_count, one ? "alarm is" : "alarms are",
      counted_kinds(source), format_time(oldest), one ? "it" : "them", source.name,
      one ? "it" : "them");
  return reminder;
}

}  // namespace

Ending ending_of(const StatusReport& status) {
  Ending ending;
  bool any_failed = false;
  for (const auto& source : status.sources) {
    ending.configured.insert(source.name);
    if (source.last_attempt_at != status.started_at) continue;
    ending.states[source.name] = source.state;
    any_failed = any_failed || is_failure(source.state);
  }
  // What failed may be nobody's in particular.
  ending.states[""] = any_failed ? RunState::kOk : status.state;
  return ending;
}

News note_ending(Told& told, const Ending& ending, Time now, std::chrono::seconds remind_every) {
  const bool was_failing = !told.failing.empty();
  bool any_new = false;
  for (const auto& [source, state] : ending.states) {
    if (!is_failure(state)) {
      told.failing.erase(source);
      continue;
    }
    const auto [known, added] = told.failing.try_emplace(source, state);
    any_new = any_new || added || known->second != state;
    known->second = state;
  }
  std::erase_if(told.failing, [&](const auto& one) {
    return !one.first.empty() && !ending.configured.empty() &&
           !ending.configured.contains(one.first);
  });
  if (told.failing.empty()) {
    told.failing_since.reset();
    if (was_failing) told.told_at = now;
    return was_failing ? News::kOver : News::kNothing;
  }
  if (!told.failing_since) told.failing_since = now;
  const bool due =
      remind_every.count() > 0 && told.told_at && is_due(*told.told_at, now, remind_every);
  if (!any_new && !due) return News::kNothing;
  told.told_at = now;
  return any_new ? News::kFailure : News::kReminder;
}

std::vector<AlarmReminder> note_reminders(Told& told, const StatusReport& status, Time now,
                                          std::chrono::seconds remind_every) {
  std::vector<AlarmReminder> due;
  std::erase_if(told.reminded, [&](const auto& one) {
    return std::none_of(status.sources.begin(), status.sources.end(), [&](const auto& source) {
      return source.name == one.first && source.alarm_count > 0;
    });
  });
  if (remind_every.count() == 0) return due;
  for (const auto& source : status.sources) {
    if (source.alarms.empty()) continue;
    const auto every = source.hold ? std::min(kRemindOfHold, remind_every) : remind_every;
    const auto oldest =
        std::min_element(source.alarms.begin(), source.alarms.end(),
                         [](const auto& a, const auto& b) { return a.since < b.since; })
            ->since;
    const auto last = told.reminded.find(source.name);
    if (last == told.reminded.end() && oldest > now) {
      // It has just been told, by a clock that is ahead of this one.
      told.reminded[source.name] = now;
      continue;
    }
    const bool is_later = last == told.reminded.end() || (oldest > last->second && oldest <= now);
    if (!is_due(is_later ? oldest : last->second, now, every)) continue;
    told.reminded[source.name] = now;
    due.push_back(reminder_of(source, oldest));
  }
  return due;
}

}  // namespace agent
