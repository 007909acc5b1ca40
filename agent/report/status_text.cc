#include "agent/report/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/shell_word.h"
#include "agent/report/calendar.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/drill_words.h"

namespace agent {
namespace {

std::string ago(const std::optional<Time>& time, Time now) {
  if (!time) return "never";
  if (*time > now) return format_time(*time);
  return format_duration(now - *time) + " ago";
}

// What is wrong now comes first, whatever the last run was called.
std::string headline(const StatusReport& status, const Present& present,
                     const Assessment& assessment) {
  const bool running = status.state == RunState::kRunning && !present.run_is_gone;
  std::string under_way;
  if (running) under_way = fmt::format("running since {}", ago(status.started_at, present.now));
  if (assessment.severity != Severity::kOk) {
    return fmt::format("{}{}{}", assessment.summary, running ? "; " : "", under_way);
  }
  return running ? under_way : "ok (all is well)";
}

// Sentences in lines that fit on a terminal.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent) {
  constexpr std::size_t kColumns = 80;
  while (!text.empty()) {
    auto end = std::min(text.size(), kColumns - indent);
    if (end < text.size()) {
      const auto space = text.rfind(' ', end);
      end = space == std::string_view::npos ? std::min(text.find(' '), text.size()) : space;
    }
    out += fmt::format("{:{}}{}\n", "", indent, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// A command that ends the message has a line of its own, from which it can be copied.
void append_message(std::string& out, std::string_view message, std::size_t indent) {
  const auto command = find_command(message);
  const bool any = command < message.size();
  append_wrapped(out, message.substr(0, any ? command - 1 : command), indent);
  if (any) out += fmt::format("{:{}}{}\n", "", indent + 2, message.substr(command));
}

void append_alarm(std::string& out, const store::Alarm& alarm) {
  out += fmt::format("    ALARM {} {} since {}{}{}\n", alarm.id, alarm.kind,
                     format_time(alarm.since), alarm.key.empty() ? "" : ", ", alarm.key);
  append_message(out, alarm.message, 8);
}

// What an alarm above says already.
bool is_told(const StatusReport& status, const Problem& problem) {
  return std::any_of(status.sources.begin(), status.sources.end(), [&](const SourceStatus& source) {
    return source.name == problem.source &&
           std::any_of(source.alarms.begin(), source.alarms.end(),
                       [&](const store::Alarm& alarm) { return alarm.message == problem.message; });
  });
}

void append_problems(std::string& out, const StatusReport& status, const std::string& only) {
  bool any = false;
  for (const auto& error : status.errors) {
    if (is_told(status, error)) continue;
    if (!only.empty() && !error.source.empty() && error.source != only) continue;
    if (!std::exchange(any, true)) out += "\n  problems of the last run:\n";
    append_message(out,
                   fmt::format("{}{}{}{}{}", error.source, error.source.empty() ? "" : ": ",
                               error.key, error.key.empty() ? "" : ": ", error.message),
                   4);
  }
}

void append_source(std::string& out, const SourceStatus& source, Time now) {
  const auto line = [&](std::string_view label, const std::string& text) {
    out += fmt::format("    {:<14}{}\n", label, text);
  };
  out += fmt::format(
      "\n  {}: {}{}{}\n", source.name,
      !source.last_attempt_at && source.archives == 0 ? "never pulled" : name_of(source.state),
      source.hold ? ", on HOLD" : "",
      !source.configured ? ", not in the configuration any more; still scrubbed"
      : !source.enabled  ? ", paused (enabled = no)"
                         : "");
  line("holds", fmt::format("{}, {}", counted(source.archives, "archive", "archives"),
                            format_size(source.size_bytes)));
  if (source.newest) {
    line("newest",
         fmt::format(
             "{} ({}, held for {})", source.newest->key, format_size(source.newest->size_bytes),
             format_duration(std::max(now - source.newest->held_since, std::chrono::seconds{0}))));
  }
  const auto& run = source.run;
  line("last run", fmt::format("{} listed, {} new ({}), {} changed, {} failed, {}", run.listed,
                               run.fresh, format_size(run.fresh_bytes), run.changed, run.failed,
                               counted(run.requests, "request", "requests")));
  if (run.vanished > 0) {
    line("gone upstream", fmt::format("{} that the bucket no longer has; kept here", run.vanished));
  }
  if (run.removed > 0) {
    line("removed", fmt::format("{} that no keep rule held ({})", run.removed,
                                format_size(run.removed_bytes)));
  }
  if (!source.retention.empty()) append_message(out, source.retention, 4);
  if (run.archived > 0) {
    line("archived", fmt::format("{} that must be restored before they can be read", run.archived));
  }
  if (run.unreadable > 0) {
    line("unreadable", fmt::format("{} that these credentials cannot read", run.unreadable));
  }
  if (source.superseded + source.quarantined > 0) {
    line("beside them", fmt::format("{} in superseded/, {} in quarantine/", source.superseded,
                                    source.quarantined));
  }
  if (source.corrupt + source.missing > 0) {
    line("DAMAGED here",
         fmt::format("{} corrupt, {} missing; see the alarms", source.corrupt, source.missing));
  }
  std::string proofs;
  for (const auto& [level, count] : source.verified_by) {
    proofs += fmt::format("{}{} by {}", proofs.empty() ? "" : ", ", count, level);
  }
  if (!proofs.empty()) line("verified", proofs);
  line("last success", ago(source.last_success_at, now));
  for (const auto& alarm : source.alarms) append_alarm(out, alarm);
  if (source.alarm_count > source.alarms.size()) {
    out += fmt::format("    ... and {}\n", counted(source.alarm_count - source.alarms.size(),
                                                   "more alarm", "more alarms"));
  }
}

void append_disk(std::string& out, const StatusReport& status, const Present& present) {
  const bool troubled =
      present.disk == Present::Disk::kTroubled ||
      (present.disk == Present::Disk::kNotLookedAt && status.state == RunState::kFailed);
  if (status.disk.present) {
    out += fmt::format("  disk          {} ({}), {} free of {}\n", status.disk.path,
                       status.disk.filesystem, format_size(status.disk.free_bytes),
                       format_size(status.disk.total_bytes));
    if (const auto full = day_full(status.disk)) {
      out += fmt::format("  full          about {}, if it goes on like this\n",
                         format_time(*full).substr(0, 10));
    }
  } else {
    out += fmt::format("  disk          {} {}\n", status.disk.path,
                       troubled ? "cannot be used" : "is absent, or not the right one");
  }
  for (const auto& disk : status.disks) {
    out += fmt::format("  takes turns   {} {}\n", disk.id, words_of(disk, status, present.now));
  }
  for (const auto& weakness : status.disk.weaker)
    out += fmt::format("  weaker        {}\n", weakness);
}

void append_drills(std::string& out, const StatusReport& status, const std::string& only,
                   Time now) {
  bool any = false;
  for (const auto& drill : status.drills) {
    if (!only.empty() && drill.source != only) continue;
    if (!std::exchange(any, true)) out += "\n  restore drills:\n";
    append_message(out, fmt::format("{}: {}", drill.name, words_of(drill, now)), 4);
  }
}

void make_printable(SourceStatus& source) {
  source.name = printable(source.name);
  source.retention = printable(source.retention);
  if (source.newest) source.newest->key = printable_name(source.newest->key);
  std::map<std::string, std::uint64_t> levels;
  for (const auto& [level, count] : source.verified_by) levels[printable(level)] += count;
  source.verified_by = std::move(levels);
  std::map<std::string, std::uint64_t> kinds;
  for (const auto& [kind, count] : source.alarm_kinds) kinds[printable(kind)] += count;
  source.alarm_kinds = std::move(kinds);
  for (auto& alarm : source.alarms) {
    alarm.kind = printable(alarm.kind);
    alarm.key = printable_name(alarm.key);
    alarm.message = printable(alarm.message);
  }
}

}  // namespace

StatusReport made_printable(StatusReport status) {
  status.host = printable(status.host);
  status.disk.path = printable(status.disk.path);
  status.disk.filesystem = printable(status.disk.filesystem);
  for (auto& weakness : status.disk.weaker) weakness = printable(weakness);
  for (auto& disk : status.disks) disk.id = printable(disk.id);
  for (auto& source : status.sources) make_printable(source);
  for (auto& drill : status.drills) {
    drill.name = printable(drill.name);
    drill.source = printable(drill.source);
    drill.told = printable(drill.told);
    drill.printed = printable(drill.printed);
  }
  for (auto& error : status.errors) {
    error.source = printable(error.source);
    error.key = printable_name(error.key);
    error.message = printable(error.message);
  }
  return status;
}

std::string to_text(const StatusReport& as_read, const Present& present,
                    const AssessmentOptions& options) {
  const auto status = made_printable(as_read);
  const auto now = present.now;
  const auto assessment = assess(status, present, options);
  std::string out = fmt::format("holdfast on {}: {}\n", status.host,
                                printable(headline(status, present, assessment)));
  for (const auto& finding : assessment.findings) {
    if (finding.remedy.empty()) continue;
    append_message(out, fmt::format("{}: {}", finding.fact, printable(finding.remedy)), 2);
  }
  out += fmt::format("  last run      {}; last success {}\n",
                     ago(status.finished_at ? status.finished_at : status.started_at, now),
                     ago(status.last_success_at, now));
  append_disk(out, status, present);
  if (status.skew_seconds > 60 || status.skew_seconds < -60) {
    out += fmt::format(
        "  clock         off by {} against the server; set it\n",
        format_duration(std::chrono::seconds{static_cast<std::int64_t>(status.skew_seconds)}));
  }
  for (const auto& source : status.sources) {
    if (options.source.empty() || options.source == source.name) append_source(out, source, now);
  }
  append_drills(out, status, options.source, now);
  append_problems(out, status, options.source);
  return out;
}

std::string to_text(const StatusReport& status, Time now) {
  Present present;
  present.now = now;
  return to_text(status, present);
}

}  // namespace agent
