#include <fmt/format.h>

#include <algorithm>

#include "agent/commands/doctor.h"

namespace agent {
namespace {

constexpr const char* kSendmail = "/usr/sbin/sendmail";

bool is_cron(const Schedule& schedule) { return schedule.what.find("cron") != std::string::npos; }

}  // namespace

Check check_alarms(const Config& config, const DoctorSystem& system,
                   const std::vector<Schedule>& schedules) {
  const bool by_cron = std::any_of(schedules.begin(), schedules.end(), is_cron);
  if (!config.agent.ping_url.empty()) {
    return well("alarms", "\"ping_url\" hears how each run ends, and its service when none comes");
  }
  if (by_cron && system.file(kSendmail)) {
    return well("alarms", "cron mails what a pull prints; try whether its mail reaches you");
  }
  const bool on_alarm = !config.agent.on_alarm.empty();
  const bool on_failure = !config.agent.on_failure.empty();
  if (on_alarm && on_failure) {
    return well("alarms", R"("on_alarm" is told of each new one, "on_failure" when runs fail)");
  }
  if (on_alarm || on_failure) {
    return warn("alarms",
                on_alarm ? "\"on_alarm\" is told of each new one, and nobody of runs that fail: "
                           "set \"on_failure\" or \"ping_url\" in [agent] too"
                         : "\"on_failure\" is told of runs that fail, and nobody of alarms: set "
                           "\"on_alarm\" in [agent] too");
  }
  return warn("alarms",
              by_cron ? "cron has no way to send mail, so no alarm reaches anybody: install one, "
                        "as msmtp-mta, or set \"on_alarm\" and \"on_failure\" in [agent]"
                      : "no alarm reaches anybody: set \"on_alarm\" and \"on_failure\" in [agent], "
                        "as holdfast.conf(5) shows");
}

}  // namespace agent
