#include "agent/report/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/config/command_trust.h"
#include "agent/config/config_file.h"
#include "agent/config/config_keys.h"
#include "agent/report/alarm_hook.h"
#include "agent/report/failure_hook.h"
#include "agent/report/when_to_tell.h"

namespace agent {
namespace {

constexpr std::size_t kProblemsTold = 3;

std::string line_of(const Problem& problem) {
  std::string line;
  if (!problem.source.empty()) line += problem.source + ": ";
  if (!problem.key.empty()) line += printable_name(problem.key) + ": ";
  return line + problem.message;
}

// The first problems of the run, on one line.
std::string problems_of(const StatusReport& status) {
  std::string text;
  const auto shown = std::min(status.errors.size(), kProblemsTold);
  for (std::size_t i = 0; i < shown; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : " | ", line_of(status.errors[i]));
  }
  if (status.errors.size() > shown) {
    text +=
        fmt::format(" | and {} more; 'holdfast status' shows them", status.errors.size() - shown);
  }
  return text;
}

std::string message_of(const StatusReport& status, ExitStatus exit) {
  const auto problems = problems_of(status);
  if (!problems.empty()) return problems;
  return fmt::format("the pull ended with exit status {}; 'holdfast status' tells more",
                     static_cast<int>(exit));
}

}  // namespace

Watch::Watch(const Config& settings, const Environment& environment)
    : settings_(settings), environment_(environment), ping_(environment, settings.agent.ping_url) {}

void Watch::started() { ping_.started(); }

void Watch::ended(const StatusReport& status, ExitStatus exit) {
  const auto before = recall();
  auto told = before;
  // Who ended the run knows that it did, and a hook would be ended with it.
  if (!environment_.stop.load()) {
    const auto now = environment_.clock.now_s();
    const auto news = note_ending(told, ending_of(status), now, settings_.agent.remind_every);
    run_failure_hook(environment_, settings_.agent.on_failure, told,
                     {news, exit, status.state, message_of(status, exit)});
    remind(told, status);
  }
  ping(told, exit);
  remember(before, told);
}

void Watch::ended_early(ExitStatus exit, const std::string& message) {
  const auto before = recall();
  auto told = before;
  Ending ending;
  ending.states[""] = state_of(exit);
  const auto now = environment_.clock.now_s();
  const auto news = note_ending(told, ending, now, settings_.agent.remind_every);
  run_failure_hook(environment_, settings_.agent.on_failure, told,
                   {news, exit, state_of(exit), message});
  ping(told, exit);
  remember(before, told);
}

std::string Watch::told_path() const { return settings_.agent.status_file + ".told"; }

Told Watch::recall() const {
  const auto text = environment_.read_file(told_path());
  return text && *text ? told_from_json(**text) : Told{};
}

// A status file that cannot be written has been warned of; this one lies beside it.
void Watch::remember(const Told& before, const Told& now) const {
  if (now == before) return;
  (void)environment_.replace_file(told_path(), to_json(now));
}

void Watch::remind(Told& told, const StatusReport& status) const {
  const auto due =
      note_reminders(told, status, environment_.clock.now_s(), settings_.agent.remind_every);
  AlarmHook hook(environment_, settings_.agent.on_alarm);
  for (const auto& reminder : due) {
    environment_.log.warning({reminder.source, "", reminder.message});
    if (settings_.agent.on_alarm.empty()) continue;
    hook.tell({reminder.source, reminder.kind, "", reminder.message, reminder.since}, "reminder");
  }
}

void Watch::ping(Told& told, ExitStatus exit) {
  const auto done = ping_.ended(exit);
  // Once, and not with every run while the service is away.
  if (!done && !told.ping_failed) {
    environment_.log.warning(
        {"", "", fmt::format("ping_url: {}; the backup is not affected", done.error())});
  }
  told.ping_failed = !done;
}

Config salvage_watch(const std::string& path) {
  Config config;
  const auto file = read_ini(path);
  const auto& found = file ? *file : file.error().before;
  for (const auto& section : found.sections) {
    if (section.name != "agent") continue;
    for (const auto& key : section.keys) {
      if (is_command(section, key) && found.is_writable_by_others) continue;
      if (key.name != "on_failure" && key.name != "ping_url" && key.name != "status_file" &&
          key.name != "remind_every") {
        continue;
      }
      for (const auto& rule : agent_rules()) {
        if (rule.name == key.name) (void)rule.set(config, key.value);
      }
    }
  }
  return config;
}

}  // namespace agent
