#include "agent/report/drill_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/printable.h"

namespace agent {
namespace {

using std::chrono::seconds;

seconds time_since(Time since, Time now) { return std::max(now - since, seconds{0}); }

std::string took(std::chrono::milliseconds duration) {
  return format_duration(std::chrono::ceil<seconds>(duration));
}

std::string restored_words(const DrillStatus& drill) {
  auto text = fmt::format("{} ({}) restored in {}", counted(drill.archives, "archive", "archives"),
                          format_size(drill.size_bytes), took(drill.restore_took));
  if (drill.command_took.count() > 0) {
    text += fmt::format(", worked on for {}", took(drill.command_took));
  }
  return text;
}

}  // namespace

std::string words_of(const DrillStatus& drill, Time now) {
  if (!drill.last_run_at) {
    return drill.since ? fmt::format("never ran, and is configured since {}",
                                     format_time(*drill.since).substr(0, 10))
                       : std::string("never ran");
  }
  const auto when = format_duration(time_since(*drill.last_run_at, now));
  if (!drill.succeeded) {
    return fmt::format("FAILED {} ago: {}; {}", when, drill.told,
                       drill.last_success_at
                           ? fmt::format("the last success is {} old",
                                         format_duration(time_since(*drill.last_success_at, now)))
                           : std::string("it has never succeeded"));
  }
  auto text = fmt::format("ok {} ago: {}", when, restored_words(drill));
  if (drill.backup_made_at) {
    text += fmt::format(", from a backup that was {} old", format_duration(drill.backup_age));
  }
  return drill.told.empty() ? text : fmt::format("{}; {}", text, drill.told);
}

std::string answer_of(const DrillStatus& drill) {
  if (!drill.last_success_at || !drill.backup_made_at) return "";
  const auto day = [](Time time) { return format_time(time).substr(0, 10); };
  const auto restored = day(*drill.last_success_at);
  const auto made = day(*drill.backup_made_at);
  return fmt::format("{}: restored {} from the archive{} of {} in {}", drill.name, restored,
                     drill.archives == 1 ? "" : "s", made == restored ? "that night" : made,
                     took(drill.restore_took + drill.command_took));
}

}  // namespace agent
