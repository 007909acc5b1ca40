#include <fmt/format.h>

#include "agent/commands.h"
#include "agent/failure.h"
#include "agent/mirror.h"
#include "agent/pull_status.h"
#include "agent/status.h"

namespace agent {
namespace {

// What the disk alone can tell: what is held and which alarms are open, but of no run.
Result<Status, MirrorError> status_from_ledger(const Config& config,
                                               const Environment& environment) {
  auto mirror = open_mirror(config, environment, store::Access::kReadOnly);
  if (!mirror) return mirror.error();
  Status status;
  status.host = environment.host_name;
  status.disk = disk_status(*mirror, config.disk.path);
  for (const auto& source : config.sources) {
    auto& figures = status.sources.emplace_back();
    figures.name = source.name;
    const auto id = mirror->ledger.find_source(source.name);
    if (!id || !*id) continue;
    show_held(mirror->ledger, **id, figures);
    if (figures.alarm_count == 0) continue;
    figures.state = state_of(ExitStatus::kAlarm);
    status.state = figures.state;
  }
  return status;
}

}  // namespace

ExitStatus status_command(const Config& config, bool json, const Environment& environment,
                          const Print& print) {
  const auto fail = [&](ExitStatus exit, const std::string& message) {
    environment.log.error({"", "", message});
    return exit;
  };
  const auto text = environment.read_file(config.agent.status_file);
  if (!text) return fail(ExitStatus::kIncomplete, text.error());
  Status status;
  if (*text) {
    auto parsed = status_from_json(**text);
    if (!parsed) {
      return fail(ExitStatus::kIncomplete,
                  fmt::format("{} is not a status file: {}; the next pull replaces it",
                              config.agent.status_file, parsed.error()));
    }
    status = std::move(*parsed);
  } else {
    auto from_disk = status_from_ledger(config, environment);
    if (!from_disk) {
      return fail(from_disk.error().status,
                  fmt::format("there is no status file yet, and the disk cannot tell: {}",
                              from_disk.error().message));
    }
    status = std::move(*from_disk);
  }
  print(json ? to_json(status) : to_text(status, environment.clock.now_s()));
  return ExitStatus::kOk;
}

}  // namespace agent
