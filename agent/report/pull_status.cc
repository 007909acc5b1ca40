#include "agent/report/pull_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/config/repository_layout.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/drill_watch.h"
#include "agent/report/reports.h"

namespace agent {
namespace {

constexpr std::size_t kAlarmsShown = 100;

using Retriers = std::vector<std::unique_ptr<Retrier>>;

// What the last run left, for what this one does not touch. A file that cannot be read has nothing
// to say; the next one replaces it.
StatusReport last_status(const Config& config, const Environment& environment) {
  const auto text = environment.read_file(config.agent.status_file);
  if (!text || !*text) return {};
  auto status = status_from_json(**text);
  return status ? std::move(*status) : StatusReport{};
}

std::uint64_t retries_of(const SourceRun& source, const Retriers& retriers) {
  std::uint64_t sum = 0;
  for (const auto& retrier : retriers) sum += retrier->retries(*source.session);
  return sum;
}

// Work that is left is never silent, whatever the reason.
void report_left_over(RunContext& context, SourceRun& source) {
  if (context.stopping() || source.stopped || context.run_status != ExitStatus::kOk) return;
  if (source.status != ExitStatus::kOk && source.status != ExitStatus::kAlarm) return;
  const auto left = context.mirror.ledger.count_pending(source.id);
  if (!left || *left == 0) return;
  context.fail_source(source, ExitStatus::kIncomplete);
  context.report(
      source, "",
      fmt::format("{} {} {} left; the next run goes on",
                  context.out_of_time() ? "max_runtime was reached with"
                                        : "the run stopped early, for no known reason, with",
                  *left, *left == 1 ? "archive" : "archives"));
}

void show_found(const FoundDisk& found, DiskStatus& disk) {
  disk.present = true;
  disk.id = found.id;
  disk.filesystem = found.filesystem;
  if (!found.space) return;
  disk.total_bytes = found.space->total_bytes;
  disk.free_bytes = found.space->free_bytes;
}

void show_totals(const store::Totals& totals, SourceStatus& figures) {
  figures.archives = totals.archives;
  figures.size_bytes = totals.size_bytes;
  figures.verified_by = totals.verified_by;
  figures.oldest_read_at = totals.oldest_read_at;
  figures.corrupt = totals.corrupt;
  figures.missing = totals.missing;
  figures.superseded = totals.superseded;
  figures.quarantined = totals.quarantined;
  figures.hold = totals.hold_since.has_value();
  const auto* const chain = find_chain_tool(totals.chain);
  figures.retention = chain == nullptr ? std::string() : refusal_of(*chain);
  figures.newest.reset();
  if (!totals.newest) return;
  figures.newest = NewestArchive{totals.newest->key, totals.newest->upstream.size_bytes,
                                 totals.newest->last_modified, totals.newest->held_since};
}

}  // namespace

StatusReport status_at_start(const Config& config, const Environment& environment,
                             const std::vector<const SourceConfig*>& selected) {
  StatusReport last = last_status(config, environment);
  StatusReport status;
  status.host = environment.host_name;
  status.state = RunState::kRunning;
  status.started_at = environment.clock.now_s();
  status.last_success_at = last.last_success_at;
  status.pid = environment.pid;
  status.updated_at = status.started_at;
  status.runs = std::move(last.runs);
  status.runs.push_back(*status.started_at);
  if (status.runs.size() > kRunsKept) status.runs.erase(status.runs.begin());
  status.bytes_per_second = last.bytes_per_second;
  status.disk.path = config.disk.path;
  status.disk.id = last.disk.id;
  status.disk.weaker = last.disk.weaker;
  status.disk.days = last.disk.days;
  status.disk.min_free_bytes = config.disk.min_free_bytes;
  status.disks = rotated_disks(config, last, *status.started_at);
  for (const auto& source : config.sources) {
    const auto* before = last.find(source.name);
    auto& figures = status.sources.emplace_back(before != nullptr ? *before : SourceStatus{});
    figures.name = source.name;
    figures.configured = true;
    figures.enabled = source.enabled;
    const bool in_this_run = std::any_of(selected.begin(), selected.end(),
                                         [&](const auto* s) { return s->name == source.name; });
    if (!in_this_run) continue;
    figures.last_attempt_at = status.started_at;
  }
  for (const auto& drill : config.drills) {
    const auto before = std::find_if(last.drills.begin(), last.drills.end(),
                                     [&](const DrillStatus& d) { return d.name == drill.name; });
    if (before != last.drills.end()) status.drills.push_back(*before);
  }
  for (auto& before : last.sources) {
    if (status.find(before.name) != nullptr) continue;
    before.configured = false;
    status.sources.push_back(std::move(before));
  }
  return status;
}

DiskStatus disk_status(const Mirror& mirror, const std::string& path) {
  DiskStatus disk;
  disk.path = path;
  disk.present = true;
  disk.id = mirror.marker.id;
  disk.filesystem = mirror.disk().filesystem_name();
  if (const auto space = mirror.disk().space()) {
    disk.total_bytes = space->total_bytes;
    disk.free_bytes = space->free_bytes;
  }
  const auto weakness = mirror.disk().weakness();
  const auto weaker = [&](bool found, const char* sentence) {
    if (found) disk.weaker.emplace_back(sentence);
  };
  weaker(weakness.no_directory_sync,
         "names cannot be synced: the last archives may be lost in a power cut");
  weaker(weakness.no_exclusive_rename,
         "whether a name is free is checked before the rename, not by it");
  weaker(weakness.no_permissions, "archives cannot be made read-only");
  weaker(weakness.no_filesystem_sync, "each file is synced on its own");
  return disk;
}

void show_disk(StatusBoard& board, const Mirror& mirror, const std::string& path) {
  board.update([&](StatusReport& status) {
    auto disk = disk_status(mirror, path);
    // A run that places nothing finds no weakness.
    const auto before = status.disk.id == disk.id ? status.disk.weaker : std::vector<std::string>{};
    for (const auto& weakness : before) {
      const auto found = std::find(disk.weaker.begin(), disk.weaker.end(), weakness);
      if (found == disk.weaker.end()) disk.weaker.push_back(weakness);
    }
    if (status.disk.id == disk.id) disk.days = status.disk.days;
    disk.min_free_bytes = status.disk.min_free_bytes;
    status.disk = std::move(disk);
  });
}

void show_held(store::Ledger& ledger, store::SourceId source, SourceStatus& figures) {
  if (const auto totals = ledger.totals(source)) show_totals(*totals, figures);
  if (auto alarms = ledger.open_alarms(source, kAlarmsShown)) figures.alarms = std::move(*alarms);
  if (const auto count = ledger.count_open_alarms(source)) figures.alarm_count = *count;
  if (auto kinds = ledger.count_open_by_kind(source)) figures.alarm_kinds = std::move(*kinds);
}

void refresh_status_file(const Config& config, const Environment& environment,
                         store::Ledger& ledger, store::SourceId source, const std::string& name) {
  auto status = last_status(config, environment);
  auto* const figures = status.find(name);
  if (figures == nullptr) return;
  show_held(ledger, source, *figures);
  show_nights(ledger, source, environment.clock.now_s(), *figures);
  show_drills(config, ledger, status);
  const auto attention = state_of(ExitStatus::kAlarm);
  const auto settle = [&](RunState& state, bool any_alarm) {
    if (any_alarm && state == RunState::kOk) state = attention;
    if (!any_alarm && state == attention) state = state_of(ExitStatus::kOk);
  };
  settle(figures->state, figures->alarm_count > 0);
  settle(status.state, std::any_of(status.sources.begin(), status.sources.end(),
                                   [](const SourceStatus& s) { return s.alarm_count > 0; }));
  const auto written = environment.replace_file(config.agent.status_file, to_json(status));
  write_reports(config, environment, status);
  if (!written) {
    environment.log.warning(
        {"", "", fmt::format("the status file cannot be written: {}", written.error())});
  }
}

void show_absent_disk(const MirrorError& error, const Environment& environment,
                      StatusBoard& board) {
  board.update([&](StatusReport& status) {
    status.disk.id = error.disk_id;
    status.disk.weaker.clear();
    if (error.found) show_found(*error.found, status.disk);
    for (auto& source : status.sources) {
      if (source.last_attempt_at == status.started_at) source.state = state_of(error.status);
    }
  });
  finish_status(board, environment, error.status);
}

void finish_source(RunContext& context, SourceRun& source,
                   const std::vector<std::unique_ptr<Retrier>>& retriers) {
  report_left_over(context, source);
  if (context.stopping()) context.fail_source(source, ExitStatus::kIncomplete);
  context.fail_source(source, context.run_status);
  const auto alarms = context.mirror.ledger.count_open_alarms(source.id);
  if (alarms && *alarms > 0) context.fail_source(source, ExitStatus::kAlarm);
  context.board.update([&](StatusReport& status) {
    auto& figures = *status.find(source.config->name);
    // What this run has not come to is as the last one left it.
    if (source.id != 0) {
      show_held(context.mirror.ledger, source.id, figures);
      show_nights(context.mirror.ledger, source.id, context.now(source), figures);
    }
    if (source.session) {
      figures.run.requests = source.session->requests();
      figures.run.retries = retries_of(source, retriers);
      // A source whose server did not answer knows nothing of the time.
      const auto offset = context.clock_skew(source).value_or(std::chrono::milliseconds{0});
      const double skew_seconds = std::chrono::duration<double>(offset).count();
      if (std::abs(skew_seconds) > std::abs(status.skew_seconds)) {
        status.skew_seconds = skew_seconds;
      }
    }
    const bool applies = source.config->keep.any() && source.config->series.spec() == "auto";
    if (!applies) figures.retention.clear();
    figures.state = state_of(source.status);
    const bool asked = source.config->enabled;
    if (asked && (source.status == ExitStatus::kOk || source.status == ExitStatus::kAlarm)) {
      figures.last_success_at = context.environment.clock.now_s();
    }
  });
}

namespace {

// Of one day the last run counts.
void note_day(DiskStatus& disk, Time now) {
  if (!disk.present || disk.total_bytes == 0) return;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  std::erase_if(disk.days, [&](const DiskDay& day) {
    return day.day >= today || day.day < today - kNightsKept;
  });
  disk.days.push_back({today, disk.free_bytes});
}

}  // namespace

void finish_status(StatusBoard& board, const Environment& environment, ExitStatus exit) {
  board.update([&](StatusReport& status) {
    status.state = state_of(exit);
    status.exit_status = static_cast<int>(exit);
    status.finished_at = environment.clock.now_s();
    status.updated_at = status.finished_at;
    status.pid = 0;
    note_day(status.disk, *status.finished_at);
    if (exit == ExitStatus::kOk || exit == ExitStatus::kAlarm) {
      status.last_success_at = status.finished_at;
    }
    status.errors = environment.log.errors();
  });
  board.publish();
}

}  // namespace agent
