#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/json_line.h"
#include "agent/status/status.h"
#include "store/json.h"

namespace agent {
namespace {

using store::Json;

Json time_json(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

/// Exact, also where JSON cannot carry it; see JsonValue::of_key.
void put_key(Json::Object& object, const std::string& key) {
  object.emplace_back("key", is_utf8(key) ? key : printable_name(key));
  if (!is_utf8(key)) object.emplace_back("key_hex", hex_of_key(key));
}

Json run_json(const RunFigures& run) {
  return Json::Object{
      {"listed", run.listed},     {"new", run.fresh},         {"new_bytes", run.fresh_bytes},
      {"changed", run.changed},   {"vanished", run.vanished}, {"unreadable", run.unreadable},
      {"archived", run.archived}, {"failed", run.failed},     {"requests", run.requests},
      {"retries", run.retries},   {"removed", run.removed},   {"removed_bytes", run.removed_bytes}};
}

Json newest_json(const SourceStatus& source) {
  if (!source.newest) return nullptr;
  Json::Object newest;
  put_key(newest, source.newest->key);
  newest.emplace_back("size", source.newest->size_bytes);
  newest.emplace_back("last_modified", format_time(source.newest->last_modified));
  newest.emplace_back("held_since", format_time(source.newest->held_since));
  return newest;
}

Json alarms_json(const SourceStatus& source) {
  Json::Array alarms;
  for (const auto& alarm : source.alarms) {
    Json::Object entry = {
        {"id", alarm.id}, {"kind", alarm.kind}, {"since", format_time(alarm.since)}};
    put_key(entry, alarm.key);
    entry.emplace_back("message", printable(alarm.message));
    alarms.emplace_back(std::move(entry));
  }
  return alarms;
}

std::string day_text(std::chrono::sys_days day) { return format_time(day).substr(0, 10); }

Json nights_json(const SourceStatus& source) {
  if (!source.nights) return nullptr;
  Json::Array nights;
  for (const auto& night : *source.nights) {
    nights.emplace_back(Json::Object{{"day", day_text(night.day)},
                                     {"archives", night.archives},
                                     {"bytes", night.size_bytes},
                                     {"suspicious", night.suspicious}});
  }
  return nights;
}

Json disk_json(const DiskStatus& disk) {
  Json::Array days;
  for (const auto& day : disk.days) {
    days.emplace_back(Json::Object{{"day", day_text(day.day)}, {"free_bytes", day.free_bytes}});
  }
  return Json::Object{{"path", printable(disk.path)},
                      {"id", disk.id},
                      {"present", disk.present},
                      {"filesystem", disk.filesystem},
                      {"total_bytes", disk.total_bytes},
                      {"free_bytes", disk.free_bytes},
                      {"min_free_bytes", disk.min_free_bytes},
                      {"weaker", Json::Array(disk.weaker.begin(), disk.weaker.end())},
                      {"days", std::move(days)}};
}

Json disks_json(const StatusReport& status) {
  Json::Array disks;
  for (const auto& disk : status.disks) {
    Json::Array newest;
    for (const auto& one : disk.newest) {
      Json::Object entry = {{"source", one.source}};
      put_key(entry, one.key);
      entry.emplace_back("last_modified", format_time(one.last_modified));
      newest.emplace_back(std::move(entry));
    }
    disks.emplace_back(Json::Object{{"id", printable(disk.id)},
                                    {"known_since", format_time(disk.known_since)},
                                    {"last_seen_at", time_json(disk.last_seen_at)},
                                    {"archives", disk.archives},
                                    {"bytes", disk.size_bytes},
                                    {"total_bytes", disk.total_bytes},
                                    {"free_bytes", disk.free_bytes},
                                    {"newest", std::move(newest)}});
  }
  return disks;
}

Json runs_json(const StatusReport& status) {
  Json::Array runs;
  for (const auto& begun : status.runs) runs.emplace_back(format_time(begun));
  return runs;
}

Json source_json(const SourceStatus& source) {
  return Json::Object{
      {"name", source.name},
      {"state", name_of(source.state)},
      {"hold", source.hold},
      {"last_attempt_at", time_json(source.last_attempt_at)},
      {"last_success_at", time_json(source.last_success_at)},
      {"archives", source.archives},
      {"bytes", source.size_bytes},
      {"superseded", source.superseded},
      {"quarantined", source.quarantined},
      {"retention", source.retention.empty() ? Json(nullptr) : Json(printable(source.retention))},
      {"run", run_json(source.run)},
      {"newest", newest_json(source)},
      {"verified_by", Json::Object(source.verified_by.begin(), source.verified_by.end())},
      {"scrub", Json::Object{{"oldest_at", time_json(source.oldest_read_at)},
                             {"corrupt", source.corrupt},
                             {"missing", source.missing}}},
      {"alarm_count", source.alarm_count},
      {"alarm_kinds", Json::Object(source.alarm_kinds.begin(), source.alarm_kinds.end())},
      {"alarms", alarms_json(source)},
      {"configured", source.configured},
      {"enabled", source.enabled},
      {"listed_whole", source.listed_whole},
      {"nights", nights_json(source)}};
}

double in_seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Json drills_json(const StatusReport& status) {
  Json::Array drills;
  for (const auto& drill : status.drills) {
    drills.emplace_back(
        Json::Object{{"name", drill.name},
                     {"source", drill.source},
                     {"every_seconds", static_cast<std::uint64_t>(drill.every.count())},
                     {"since", time_json(drill.since)},
                     {"last_run_at", time_json(drill.last_run_at)},
                     {"last_success_at", time_json(drill.last_success_at)},
                     {"succeeded", drill.succeeded},
                     {"message", printable(drill.told)},
                     {"printed", printable(drill.printed)},
                     {"archives", drill.archives},
                     {"bytes", drill.size_bytes},
                     {"restore_seconds", in_seconds(drill.restore_took)},
                     {"command_seconds", in_seconds(drill.command_took)},
                     {"backup_made_at", time_json(drill.backup_made_at)},
                     {"backup_age_seconds", static_cast<std::uint64_t>(drill.backup_age.count())}});
  }
  return drills;
}

Json errors_json(const StatusReport& status) {
  Json::Array errors;
  for (const auto& error : status.errors) {
    Json::Object entry = {{"source", error.source}};
    put_key(entry, error.key);
    entry.emplace_back("message", printable(error.message));
    errors.emplace_back(std::move(entry));
  }
  return errors;
}

}  // namespace

SourceStatus* StatusReport::find(std::string_view source) {
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const SourceStatus& s) { return s.name == source; });
  return found == sources.end() ? nullptr : &*found;
}

std::string to_json(const StatusReport& status) {
  Json::Array sources;
  for (const auto& source : status.sources) sources.push_back(source_json(source));
  const Json json =
      Json::Object{{"schema", 1},
                   {"version", HOLDFAST_VERSION},
                   {"host", printable(status.host)},
                   {"state", name_of(status.state)},
                   {"exit_status", status.exit_status ? Json(*status.exit_status) : Json(nullptr)},
                   {"started_at", time_json(status.started_at)},
                   {"finished_at", time_json(status.finished_at)},
                   {"last_success_at", time_json(status.last_success_at)},
                   {"pid", status.pid == 0 ? Json(nullptr) : Json(status.pid)},
                   {"updated_at", time_json(status.updated_at)},
                   {"runs", runs_json(status)},
                   {"disk", disk_json(status.disk)},
                   {"disks", disks_json(status)},
                   {"clock", Json::Object{{"skew_seconds", status.skew_seconds}}},
                   {"bytes_per_second", status.bytes_per_second},
                   {"sources", std::move(sources)},
                   {"drills", drills_json(status)},
                   {"errors", errors_json(status)}};
  return json.lines(Json::Charset::kAscii) + "\n";
}

}  // namespace agent
