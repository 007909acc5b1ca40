#include "agent/report/metrics.h"

#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <set>
#include <utility>

#include "agent/report/disk_rotation.h"
#include "store/ledger/alarm_kind.h"

namespace agent {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : printable(value)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// All samples of one name stand together, below what they mean.
class Writer {
 public:
  void begin(std::string_view name, std::string_view help) {
    name_ = name;
    out_ += fmt::format("# HELP holdfast_{0} {1}\n# TYPE holdfast_{0} gauge\n", name, help);
  }
  void sample(Labels labels, std::uint64_t value) { line(labels, fmt::format("{}", value)); }
  void sample(Labels labels, double value) { line(labels, fmt::format("{:.3f}", value)); }
  void sample(Labels labels, const std::optional<Time>& time) {
    if (time) line(labels, fmt::format("{}", time->time_since_epoch().count()));
  }
  void one(std::string_view name, std::string_view help, auto value) {
    begin(name, help);
    sample({}, value);
  }
  std::string text() { return std::move(out_); }

 private:
  void line(Labels labels, std::string_view value) {
    std::string inside;
    for (const auto& [label, text] : labels) {
      inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", label, escaped(text));
    }
    out_ +=
        fmt::format("holdfast_{}{} {}\n", name_, inside.empty() ? "" : "{" + inside + "}", value);
  }

  std::string name_;
  std::string out_;
};

std::uint64_t of(bool truth) { return truth ? 1 : 0; }

void write_run(Writer& to, const StatusReport& status) {
  to.begin("build_info", "Which holdfast wrote this.");
  to.sample({{"version", HOLDFAST_VERSION}}, std::uint64_t{1});
  to.one("run_in_progress", "1 while a pull is at work, or was killed at it.",
         of(status.state == RunState::kRunning));
  if (status.exit_status) {
    to.one("exit_status", "Exit status of the last pull, see holdfast(1).",
           static_cast<std::uint64_t>(*status.exit_status));
  }
  to.one("last_run_start_timestamp_seconds", "When the last pull began.", status.started_at);
  to.one("last_run_end_timestamp_seconds", "When the last pull ended.", status.finished_at);
  to.one("last_success_timestamp_seconds",
         "When the last pull ended that left nothing undone (exit status 0 or 1).",
         status.last_success_at);
  to.one("clock_skew_seconds", "The server's clock minus this machine's.", status.skew_seconds);
}

void write_disk(Writer& to, const DiskStatus& disk) {
  to.one("disk_present", "1 when the last pull found the disk.", of(disk.present));
  if (!disk.present || disk.total_bytes == 0) return;
  to.one("disk_size_bytes", "How large the disk is.", disk.total_bytes);
  to.one("disk_free_bytes", "How much of the disk is free.", disk.free_bytes);
  to.one("disk_min_free_bytes", "How much has to stay free.", disk.min_free_bytes);
}

void write_rotation(Writer& to, const StatusReport& status) {
  if (status.disks.empty()) return;
  const auto of_each_disk = [&](std::string_view name, std::string_view help, auto value) {
    to.begin(name, help);
    for (const auto& disk : status.disks) to.sample({{"disk", disk.id}}, value(disk));
  };
  of_each_disk("rotated_disk_present", "1 for the one of two disks taking turns that is here.",
               [&](const RotatedDisk& disk) { return of(is_here(disk, status)); });
  of_each_disk("rotated_disk_last_seen_timestamp_seconds", "When it was last here.",
               [](const RotatedDisk& disk) { return disk.last_seen_at; });
  of_each_disk("rotated_disk_archives", "Archives that it held then.",
               [](const RotatedDisk& disk) { return disk.archives; });
  of_each_disk("rotated_disk_held_bytes", "Size of the archives that it held then.",
               [](const RotatedDisk& disk) { return disk.size_bytes; });
}

void write_drills(Writer& to, const StatusReport& status) {
  if (status.drills.empty()) return;
  const auto of_each_drill = [&](std::string_view name, std::string_view help, auto value) {
    to.begin(name, help);
    for (const auto& drill : status.drills) {
      to.sample({{"drill", drill.name}, {"source", drill.source}}, value(drill));
    }
  };
  const auto in_seconds = [](std::chrono::milliseconds duration) {
    return std::chrono::duration<double>(duration).count();
  };
  of_each_drill("drill_last_run_timestamp_seconds", "When the restore drill last ran.",
                [](const DrillStatus& drill) { return drill.last_run_at; });
  of_each_drill("drill_last_success_timestamp_seconds", "When the restore drill last succeeded.",
                [](const DrillStatus& drill) { return drill.last_success_at; });
  of_each_drill("drill_failed", "1 where the last run of the restore drill failed.",
                [](const DrillStatus& drill) { return of(drill.last_run_at && !drill.succeeded); });
  of_each_drill(
      "drill_every_seconds", "How often the restore drill has to succeed.",
      [](const DrillStatus& drill) { return static_cast<std::uint64_t>(drill.every.count()); });
  of_each_drill("drill_restore_seconds", "How long the last successful drill took to restore.",
                [&](const DrillStatus& drill) { return in_seconds(drill.restore_took); });
  of_each_drill("drill_command_seconds", "How long its command worked on what was restored.",
                [&](const DrillStatus& drill) { return in_seconds(drill.command_took); });
  of_each_drill("drill_backup_age_seconds", "How old the backup was that it restored.",
                [](const DrillStatus& drill) {
                  return static_cast<std::uint64_t>(drill.backup_age.count());
                });
}

struct SourceMetric {
  std::string_view name;
  std::string_view help;
  std::function<void(Writer&, const SourceStatus&)> write;
};

template <typename Value>
SourceMetric of_each(std::string_view name, std::string_view help, Value value) {
  return {name, help, [value](Writer& to, const SourceStatus& source) {
            to.sample({{"source", source.name}}, value(source));
          }};
}

void write_alarms(Writer& to, const SourceStatus& source) {
  std::set<std::string_view> known;
  for (const auto kind : store::kAlarmNames) {
    known.insert(kind);
    const auto open = source.alarm_kinds.find(std::string(kind));
    to.sample({{"source", source.name}, {"kind", kind}},
              open == source.alarm_kinds.end() ? std::uint64_t{0} : open->second);
  }
  for (const auto& [kind, count] : source.alarm_kinds) {
    if (!known.contains(kind)) to.sample({{"source", source.name}, {"kind", kind}}, count);
  }
}

void write_levels(Writer& to, const SourceStatus& source) {
  for (const auto& [level, count] : source.verified_by) {
    to.sample({{"source", source.name}, {"by", level}}, count);
  }
}

const std::vector<SourceMetric>& source_metrics() {
  using S = SourceStatus;
  static const std::vector<SourceMetric> kMetrics = {
      of_each("source_archives", "Archives held.", [](const S& s) { return s.archives; }),
      of_each("source_held_bytes", "Size of the archives held.",
              [](const S& s) { return s.size_bytes; }),
      of_each("source_superseded", "Earlier versions held.",
              [](const S& s) { return s.superseded; }),
      of_each("source_quarantined", "Contents in quarantine.",
              [](const S& s) { return s.quarantined; }),
      of_each("source_hold", "1 while the source is on HOLD.",
              [](const S& s) { return of(s.hold); }),
      of_each("source_configured", "0 when it left the configuration.",
              [](const S& s) { return of(s.configured); }),
      of_each("source_enabled", "0 when nothing is asked of its bucket.",
              [](const S& s) { return of(s.enabled && s.configured); }),
      of_each("source_last_attempt_timestamp_seconds", "When a pull of it last began.",
              [](const S& s) { return s.last_attempt_at; }),
      of_each("source_last_success_timestamp_seconds",
              "When a pull of it last left nothing undone.",
              [](const S& s) { return s.last_success_at; }),
      of_each("source_newest_archive_timestamp_seconds",
              "When its newest archive was made, by the bucket's date.",
              [](const S& s) {
                return s.newest ? std::optional<Time>(at_its_word(s.newest->last_modified))
                                : std::nullopt;
              }),
      of_each("source_newest_archive_bytes", "Size of its newest archive.",
              [](const S& s) { return s.newest ? s.newest->size_bytes : 0; }),
      of_each("source_oldest_read_timestamp_seconds",
              "When the archive that was unread for longest was last read and found right.",
              [](const S& s) { return s.oldest_read_at; }),
      of_each("source_corrupt", "Contents on the disk that are damaged.",
              [](const S& s) { return s.corrupt; }),
      of_each("source_missing", "Contents that are gone from the disk.",
              [](const S& s) { return s.missing; }),
      {"source_alarms", "Open alarms of each kind, see holdfast-alarms(7).", write_alarms},
      {"source_verified_archives", "Archives held, by what has proven them.", write_levels},
      of_each("source_run_listed", "Keys that the bucket listed in the last pull.",
              [](const S& s) { return s.run.listed; }),
      of_each("source_run_new", "Archives that came in the last pull.",
              [](const S& s) { return s.run.fresh; }),
      of_each("source_run_new_bytes", "Size of what came in the last pull.",
              [](const S& s) { return s.run.fresh_bytes; }),
      of_each("source_run_failed", "Archives that could not be pulled in the last pull.",
              [](const S& s) { return s.run.failed; }),
      of_each("source_run_changed", "Held keys that have another content in the bucket.",
              [](const S& s) { return s.run.changed; }),
      of_each("source_run_vanished", "Held keys that the bucket no longer has.",
              [](const S& s) { return s.run.vanished; }),
      of_each("source_run_requests", "Requests of the last pull.",
              [](const S& s) { return s.run.requests; }),
      of_each("source_run_retries", "Requests of the last pull that were tried again.",
              [](const S& s) { return s.run.retries; }),
  };
  return kMetrics;
}

}  // namespace

std::string to_metrics(const StatusReport& status) {
  Writer to;
  write_run(to, status);
  write_disk(to, status.disk);
  write_rotation(to, status);
  write_drills(to, status);
  for (const auto& metric : source_metrics()) {
    if (status.sources.empty()) break;
    to.begin(metric.name, metric.help);
    for (const auto& source : status.sources) metric.write(to, source);
  }
  return to.text();
}

}  // namespace agent
