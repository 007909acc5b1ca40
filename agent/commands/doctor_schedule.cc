#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "agent/base/units.h"
#include "agent/commands/doctor.h"
#include "agent/status/status.h"

namespace agent {
namespace {

constexpr const char* kTimerLink = "/etc/systemd/system/timers.target.wants/holdfast.timer";
constexpr const char* kDrillTimerLink =
    "/etc/systemd/system/timers.target.wants/holdfast-drill.timer";

// The timer that comes with the package, or the user's own in its stead.
std::chrono::seconds period_of_timer(const DoctorSystem& system) {
  std::string text;
  for (const auto* path :
       {"/lib/systemd/system/holdfast.timer", "/usr/lib/systemd/system/holdfast.timer",
        "/etc/systemd/system/holdfast.timer"}) {
    if (auto found = system.text_of(path)) text = *std::move(found);
  }
  const bool daily = text.find("OnCalendar=daily") != std::string::npos;
  const bool weekly = text.find("OnCalendar=weekly") != std::string::npos;
  return weekly ? std::chrono::days{7} : daily ? std::chrono::days{1} : std::chrono::hours{1};
}

// Of the first five fields of a cron line, or its word for them; roughly, and never too short.
std::chrono::seconds period_of(const std::string& line) {
  std::istringstream in(line);
  std::string minute;
  std::string hour;
  std::string day;
  in >> minute >> hour >> day;
  std::string month;
  std::string weekday;
  in >> month >> weekday;
  if (minute == "@hourly") return std::chrono::hours{1};
  if (minute == "@weekly") return std::chrono::days{7};
  if (minute == "@monthly" || (day != "*" && !minute.starts_with('@')))
    return std::chrono::days{31};
  if (minute.starts_with('@')) return std::chrono::days{1};
  if (weekday != "*") return std::chrono::days{7};
  if (hour == "*") return std::chrono::hours{1};
  if (hour.starts_with("*/")) return std::chrono::hours{std::max(1, std::atoi(hour.c_str() + 2))};
  return std::chrono::days{1};
}

bool starts_a_pull(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] == '#') return false;
  const auto program = line.find("holdfast");
  return program != std::string_view::npos && line.find(" pull") != std::string_view::npos;
}

// The line that comes with the package does nothing while the timer is active.
bool yields_to_timer(std::string_view line) {
  return line.find("is-active holdfast.timer") != std::string_view::npos;
}

void add_cron_lines(const DoctorSystem& system, const std::string& path, bool has_timer,
                    std::vector<Schedule>& found) {
  const auto text = system.text_of(path);
  if (!text) return;
  std::istringstream in(*text);
  std::string line;
  while (std::getline(in, line)) {
    if (!starts_a_pull(line) || (has_timer && yields_to_timer(line))) continue;
    found.push_back({"a line in " + path, period_of(line)});
  }
}

// A script in such a directory is run as often as that says.
void add_cron_scripts(const DoctorSystem& system, std::string_view often,
                      std::chrono::seconds every, std::vector<Schedule>& found) {
  const auto directory = fmt::format("/etc/cron.{}", often);
  for (const auto& name : system.names_in(directory)) {
    const auto path = fmt::format("{}/{}", directory, name);
    const auto text = system.text_of(path);
    if (!text) continue;
    std::istringstream in(*text);
    std::string line;
    bool pulls = false;
    while (std::getline(in, line)) pulls = pulls || starts_a_pull(line);
    if (pulls) found.push_back({path, every});
  }
}

Check check_last_run(const Config& config, const Environment& environment,
                     const Schedule& schedule) {
  const auto text = environment.read_file(config.agent.status_file);
  const auto every = format_duration(schedule.every);
  if (!text || !*text) {
    return warn("schedule", fmt::format("{} starts a pull every {}, and none has run yet: {} is "
                                        "missing",
                                        schedule.what, every, config.agent.status_file));
  }
  const auto status = status_from_json(**text);
  if (!status || !status->started_at) {
    return warn("schedule", fmt::format("{} starts a pull every {}; {} cannot be read",
                                        schedule.what, every, config.agent.status_file));
  }
  const auto age = environment.clock.now_s() - *status->started_at;
  // A timer spreads, a run takes its time, and the machine may have been off for one.
  if (age > 2 * schedule.every + std::chrono::hours{1}) {
    return fail("schedule", ExitStatus::kIncomplete,
                fmt::format("{} should start a pull every {}, and the last run began {} ago; look "
                            "into 'systemctl status holdfast.timer cron' and the journal",
                            schedule.what, every, format_duration(age)));
  }
  return well("schedule", fmt::format("{} starts a pull every {}; the last began {} ago",
                                      schedule.what, every, format_duration(age)));
}

bool starts_drills(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] == '#') return false;
  const auto program = line.find("holdfast");
  return program != std::string_view::npos && line.find(" drill") != std::string_view::npos;
}

bool has_line(const std::optional<std::string>& text, bool (*is)(std::string_view)) {
  std::istringstream in(text.value_or(""));
  std::string line;
  while (std::getline(in, line)) {
    if (is(line)) return true;
  }
  return false;
}

bool any_starts_drills(const DoctorSystem& system) {
  if (system.file(kDrillTimerLink) || has_line(system.text_of("/etc/crontab"), starts_drills)) {
    return true;
  }
  for (const auto* directory : {"/etc/cron.d", "/var/spool/cron/crontabs", "/etc/cron.daily",
                                "/etc/cron.weekly", "/etc/cron.hourly", "/etc/cron.monthly"}) {
    for (const auto& name : system.names_in(directory)) {
      const auto path = fmt::format("{}/{}", directory, name);
      if (has_line(system.text_of(path), starts_drills)) return true;
    }
  }
  return false;
}

Check check_drills(const DoctorSystem& system) {
  if (any_starts_drills(system)) return well("drills", "restore drills are run when they are due");
  return warn("drills",
              "restore drills are configured, and nothing runs them: 'systemctl enable --now "
              "holdfast-drill.timer', or a line with 'holdfast drill --due' in /etc/cron.d");
}

Check check_schedules(const Config& config, const Environment& environment,
                      const std::vector<Schedule>& schedules) {
  if (schedules.empty()) {
    return fail("schedule", ExitStatus::kIncomplete,
                "nothing starts the pulls: 'systemctl enable --now holdfast.timer', or a line in "
                "/etc/cron.d");
  }
  if (schedules.size() > 1) {
    return warn("schedule",
                fmt::format("{} and {} both start pulls, and find each other at work; remove one",
                            schedules[0].what, schedules[1].what));
  }
  return check_last_run(config, environment, schedules.front());
}

}  // namespace

std::vector<Schedule> schedules_of(const DoctorSystem& system) {
  std::vector<Schedule> found;
  const bool has_timer = system.file(kTimerLink).has_value();
  if (has_timer) found.push_back({"the timer holdfast.timer", period_of_timer(system)});
  add_cron_lines(system, "/etc/crontab", has_timer, found);
  for (const auto* directory : {"/etc/cron.d", "/var/spool/cron/crontabs"}) {
    for (const auto& name : system.names_in(directory)) {
      add_cron_lines(system, fmt::format("{}/{}", directory, name), has_timer, found);
    }
  }
  add_cron_scripts(system, "hourly", std::chrono::hours{1}, found);
  add_cron_scripts(system, "daily", std::chrono::days{1}, found);
  add_cron_scripts(system, "weekly", std::chrono::days{7}, found);
  return found;
}

Checks check_schedule(const Config& config, const Environment& environment,
                      const DoctorSystem& system) {
  const auto schedules = schedules_of(system);
  Checks checks = {check_alarms(config, system, schedules),
                   check_schedules(config, environment, schedules)};
  if (!config.drills.empty()) checks.push_back(check_drills(system));
  return checks;
}

}  // namespace agent
