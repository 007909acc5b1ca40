#include "agent/report/status_now.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/report/disk_rotation.h"
#include "agent/report/drill_watch.h"
#include "agent/report/pull_status.h"

namespace agent {
namespace {

// The file is written every ten seconds while a run is under way.
constexpr std::chrono::minutes kLongestSilence{10};

void read_file(const Config& config, const Environment& environment, Sight& sight) {
  auto& present = sight.present;
  const auto& path = config.agent.status_file;
  const auto unreadable = [&](std::string why) {
    present.file = Present::File::kUnreadable;
    present.file_message = std::move(why);
  };
  const auto text = environment.read_file(path);
  if (!text) return unreadable(text.error());
  if (!*text) {
    present.file = Present::File::kMissing;
    present.file_message = fmt::format("there is no {} yet; start a pull: holdfast pull", path);
    return;
  }
  auto status = status_from_json(**text);
  if (!status) {
    return unreadable(fmt::format("{} is not a status file: {}; the next pull writes a new one",
                                  path, status.error()));
  }
  sight.status = std::move(*status);
}

SourceStatus& figures_of(StatusReport& status, const std::string& name) {
  auto* const known = status.find(name);
  if (known != nullptr) return *known;
  auto& fresh = status.sources.emplace_back();
  fresh.name = name;
  return fresh;
}

// The ledger knows what is held and which alarms are open; a run under way knows it better still.
void read_ledger(store::Ledger& ledger, const Config& config, Time now, StatusReport& status) {
  const auto all = ledger.sources();
  if (!all) return;
  for (const auto& [id, name] : *all) {
    const bool configured =
        std::any_of(config.sources.begin(), config.sources.end(),
                    [&, of = std::string_view(name)](const auto& s) { return s.name == of; });
    auto* known = status.find(name);
    const auto totals = ledger.totals(id);
    const bool lies_here =
        totals && totals->archives + totals->superseded + totals->quarantined > 0;
    const auto alarms = ledger.count_open_alarms(id);
    if (known == nullptr && !configured && !lies_here && (!alarms || *alarms == 0)) continue;
    auto& figures = known != nullptr ? *known : figures_of(status, name);
    figures.configured = configured;
    show_held(ledger, id, figures);
    show_nights(ledger, id, now, figures);
    // What else became of its last run stays said.
    if (!configured || figures.state == RunState::kOk || figures.state == RunState::kAttention) {
      figures.state = state_of(figures.alarm_count > 0 ? ExitStatus::kAlarm : ExitStatus::kOk);
    }
  }
}

// What the last run has written of the very disk is as good, and has its weaknesses.
void show_found_disk(DiskStatus found, const Config& config, DiskStatus& disk) {
  if (disk.present && disk.id == found.id) return;
  if (disk.id == found.id) found.days = std::move(disk.days);
  found.min_free_bytes = config.disk.min_free_bytes;
  disk = std::move(found);
}

void look_at_disk(const Config& config, const Environment& environment, Sight& sight) {
  auto& [status, present] = sight;
  auto mirror = open_mirror(config, environment, store::Access::kReadOnly);
  if (!mirror) {
    if (mirror.error().forbidden) return;
    show_unusable_disk(mirror.error(), present);
    if (present.disk == Present::Disk::kAbsent) status.disk.present = false;
    return;
  }
  present.disk = Present::Disk::kUsable;
  show_found_disk(disk_status(*mirror, config.disk.path), config, status.disk);
  note_seen(*mirror, present.now, status);
  show_drills(config, mirror->ledger, status);
  read_ledger(mirror->ledger, config, present.now, status);
  const auto read_only = environment.is_read_only ? environment.is_read_only(config.disk.path)
                                                  : store::Result<bool>(false);
  if (!read_only || !*read_only) return;
  present.disk = Present::Disk::kTroubled;
  present.disk_fact = "the disk is read-only";
  present.disk_message = fmt::format(
      "{} is mounted read-only, so nothing new can come: look at 'dmesg', as the kernel does that "
      "when a disk fails; then mount it again, with 'rw'",
      config.disk.path);
}

}  // namespace

void show_unusable_disk(const MirrorError& error, Present& present) {
  present.disk_fact = error.fact;
  present.disk_message = error.message;
  present.disk =
      error.status == ExitStatus::kNotNow ? Present::Disk::kAbsent : Present::Disk::kTroubled;
}

bool is_run_gone(const StatusReport& status, const Environment& environment) {
  if (status.state != RunState::kRunning) return false;
  const bool none =
      status.pid != 0 && environment.is_process && !environment.is_process(status.pid);
  const auto heard = status.updated_at ? status.updated_at : status.started_at;
  // The number may be another process's by now.
  return none || (heard && environment.clock.now_s() - *heard > kLongestSilence);
}

Sight look_around(const Config& config, const Environment& environment) {
  Sight sight;
  auto& status = sight.status;
  sight.present.now = environment.clock.now_s();
  read_file(config, environment, sight);
  if (status.host.empty()) status.host = environment.host_name;
  if (status.disk.path.empty()) status.disk.path = config.disk.path;
  for (auto& source : status.sources) source.configured = false;
  for (const auto& source : config.sources) {
    auto& figures = figures_of(status, source.name);
    figures.configured = true;
    figures.enabled = source.enabled;
  }
  status.disks = rotated_disks(config, status, sight.present.now);
  look_at_disk(config, environment, sight);
  std::erase_if(status.sources, [](const SourceStatus& source) {
    return !source.configured && source.alarm_count == 0 &&
           source.archives + source.superseded + source.quarantined == 0;
  });
  sight.present.run_is_gone = is_run_gone(status, environment);
  return sight;
}

}  // namespace agent
