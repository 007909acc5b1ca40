#include "agent/report/alarm_hook.h"

#include <fmt/format.h>

#include <chrono>

namespace agent {
namespace {

constexpr std::chrono::seconds kTimeout{60};

}  // namespace

void AlarmHook::tell(const HookAlarm& alarm, const std::string& event) {
  // A script reads lines and fields, and its terminal or mail program escapes; a key is an
  // attacker's.
  const auto done = environment_.run_command(command_,
                                             {{"HOLDFAST_EVENT", event},
                                              {"HOLDFAST_ALARM_KIND", one_line(alarm.kind)},
                                              {"HOLDFAST_ALARM_SOURCE", one_line(alarm.source)},
                                              {"HOLDFAST_ALARM_KEY", printable_name(alarm.key)},
                                              {"HOLDFAST_ALARM_MESSAGE", one_line(alarm.message)},
                                              {"HOLDFAST_ALARM_SINCE", format_time(alarm.since)}},
                                             kTimeout);
  if (done || failed_ || environment_.stop.load()) return;
  failed_ = true;
  environment_.log.warning({alarm.source, alarm.key,
                            fmt::format("on_alarm: {}; the backup is not affected", done.error())});
}

}  // namespace agent
