#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/base/json_line.h"
#include "agent/status/status.h"
#include "store/json.h"

namespace agent {
namespace {

using store::Json;

// Reads members that may be missing or null. The file may be anybody's: the first member that has
// another form than we write ends the reading.
class Reader {
 public:
  Reader(const Json& json, std::string name, std::string& complaint)
      : json_(json), name_(std::move(name)), complaint_(complaint) {
    if (json_.object() == nullptr) complain("", "not an object");
  }

  void get(const char* name, std::string& into) const {
    const auto* value = member(name);
    if (value == nullptr) return;
    if (value->text() == nullptr) return complain(name, "not text");
    into = *value->text();
  }
  void get(const char* name, bool& into) const {
    const auto* value = member(name);
    if (value == nullptr) return;
    if (value->truth() == nullptr) return complain(name, "neither true nor false");
    into = *value->truth();
  }
  void get(const char* name, std::uint64_t& into) const {
    const auto* value = member(name);
    if (value == nullptr) return;
    if (!value->count()) return complain(name, "not a count");
    into = *value->count();
  }
  void get(const char* name, std::int64_t& into) const {
    const auto* value = member(name);
    if (value == nullptr) return;
    if (!value->integer()) return complain(name, "not a number");
    into = *value->integer();
  }
  void get(const char* name, std::optional<int>& into) const {
    std::int64_t number = -1;
    get(name, number);
    constexpr std::int64_t kMaxNumber = 255;
    if (member(name) != nullptr && (number < 0 || number > kMaxNumber))
      complain(name, "not an exit status");
    if (member(name) != nullptr) into = static_cast<int>(number);
  }
  void get(const char* name, double& into) const {
    const auto* value = member(name);
    if (value == nullptr) return;
    constexpr double kMaxNumber = 1e10;  // some centuries
    const auto number = value->number();
    if (!number || !(std::abs(*number) <= kMaxNumber))
      return complain(name, "not a number of seconds");
    into = *number;
  }
  void get(const char* name, std::optional<Time>& into) const {
    std::string text;
    get(name, text);
    if (member(name) != nullptr) into = parse_time(text);
  }
  void get(const char* name, Time& into) const {
    std::optional<Time> time;
    get(name, time);
    into = time.value_or(into);
  }
  void get(const char* name, store::UpstreamTime& into) const {
    auto time = at_its_word(into);
    get(name, time);
    into = store::UpstreamTime{time.time_since_epoch()};
  }
  void get(const char* name, std::vector<std::string>& into) const {
    const auto* list = member(name);
    if (list == nullptr) return;
    if (list->array() == nullptr) return complain(name, "not a list");
    for (const auto& element : *list->array()) {
      if (element.text() == nullptr) return complain(name, "not a list of texts");
      into.push_back(*element.text());
    }
  }
  void get(const char* name, std::map<std::string, std::uint64_t>& into) const {
    const auto counts = object(name);
    if (counts.json_.object() == nullptr) return;
    for (const auto& [level, count] : *counts.json_.object()) {
      counts.get(level.c_str(), into[level]);
    }
  }
  void get(const char* name, std::chrono::sys_days& into) const {
    std::string text;
    get(name, text);
    const auto time = parse_time(text + "T00:00:00Z");
    if (time) into = std::chrono::floor<std::chrono::days>(*time);
  }
  void get_key(std::string& into) const {
    std::string hex;
    get("key", into);
    get("key_hex", hex);
    if (const auto bytes = key_of_hex(hex); !bytes.empty()) into = bytes;
  }
  Reader object(const char* name) const {
    static const Json kEmpty = Json::Object();
    const auto* value = member(name);
    return {value != nullptr ? *value : kEmpty, name, complaint_};
  }
  bool has(const char* name) const { return member(name) != nullptr; }
  template <typename Visit>
  void each(const char* name, const Visit& visit) const {
    const auto* list = member(name);
    if (list == nullptr) return;
    if (list->array() == nullptr) return complain(name, "not a list");
    for (const auto& element : *list->array()) visit(Reader(element, name, complaint_));
  }

 private:
  const Json* member(const char* name) const {
    const auto* found = json_.find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }
  void complain(std::string_view member, std::string_view is) const {
    if (!complaint_.empty()) return;
    const auto* dot = name_.empty() || member.empty() ? "" : ".";
    complaint_ = fmt::format("\"{}{}{}\" is {}", name_, dot, printable(member), is);
  }

  const Json& json_;
  const std::string name_;
  std::string& complaint_;
};

std::vector<SourceNight> read_nights(const Reader& json) {
  std::vector<SourceNight> nights;
  json.each("nights", [&](const Reader& element) {
    auto& night = nights.emplace_back();
    element.get("day", night.day);
    element.get("archives", night.archives);
    element.get("bytes", night.size_bytes);
    element.get("suspicious", night.suspicious);
  });
  return nights;
}

RunState read_state(const Reader& json, RunState otherwise) {
  std::string name(name_of(otherwise));
  json.get("state", name);
  return run_state_of(name);
}

SourceStatus read_source(const Reader& json) {
  SourceStatus source;
  json.get("name", source.name);
  source.state = read_state(json, source.state);
  json.get("hold", source.hold);
  json.get("last_attempt_at", source.last_attempt_at);
  json.get("last_success_at", source.last_success_at);
  json.get("archives", source.archives);
  json.get("bytes", source.size_bytes);
  json.get("superseded", source.superseded);
  json.get("quarantined", source.quarantined);
  json.get("retention", source.retention);
  const auto run = json.object("run");
  run.get("listed", source.run.listed);
  run.get("new", source.run.fresh);
  run.get("new_bytes", source.run.fresh_bytes);
  run.get("changed", source.run.changed);
  run.get("vanished", source.run.vanished);
  run.get("unreadable", source.run.unreadable);
  run.get("archived", source.run.archived);
  run.get("failed", source.run.failed);
  run.get("requests", source.run.requests);
  run.get("retries", source.run.retries);
  run.get("removed", source.run.removed);
  run.get("removed_bytes", source.run.removed_bytes);
  if (json.has("newest")) {
    const auto newest = json.object("newest");
    auto& into = source.newest.emplace();
    newest.get_key(into.key);
    newest.get("size", into.size_bytes);
    newest.get("last_modified", into.last_modified);
    newest.get("held_since", into.held_since);
  }
  json.get("verified_by", source.verified_by);
  const auto scrub = json.object("scrub");
  scrub.get("oldest_at", source.oldest_read_at);
  scrub.get("corrupt", source.corrupt);
  scrub.get("missing", source.missing);
  json.get("alarm_count", source.alarm_count);
  json.each("alarms", [&](const Reader& element) {
    auto& alarm = source.alarms.emplace_back();
    element.get("id", alarm.id);
    element.get("kind", alarm.kind);
    element.get_key(alarm.key);
    element.get("since", alarm.since);
    element.get("message", alarm.message);
  });
  json.get("alarm_kinds", source.alarm_kinds);
  json.get("configured", source.configured);
  json.get("enabled", source.enabled);
  json.get("listed_whole", source.listed_whole);
  if (json.has("nights")) source.nights = read_nights(json);
  source.nights_archives = source.archives;
  source.nights_bytes = source.size_bytes;
  return source;
}

std::vector<RotatedDisk> read_disks(const Reader& json) {
  std::vector<RotatedDisk> disks;
  json.each("disks", [&](const Reader& element) {
    auto& disk = disks.emplace_back();
    element.get("id", disk.id);
    element.get("known_since", disk.known_since);
    element.get("last_seen_at", disk.last_seen_at);
    element.get("archives", disk.archives);
    element.get("bytes", disk.size_bytes);
    element.get("total_bytes", disk.total_bytes);
    element.get("free_bytes", disk.free_bytes);
    element.each("newest", [&](const Reader& one) {
      auto& newest = disk.newest.emplace_back();
      one.get("source", newest.source);
      one.get_key(newest.key);
      one.get("last_modified", newest.last_modified);
    });
  });
  return disks;
}

// Nothing takes less than no time.
std::chrono::milliseconds duration_of(const Reader& json, const char* name) {
  double seconds = 0;
  json.get(name, seconds);
  return std::chrono::round<std::chrono::milliseconds>(
      std::chrono::duration<double>(std::max(seconds, 0.0)));
}

std::chrono::seconds seconds_of(const Reader& json, const char* name) {
  return std::chrono::round<std::chrono::seconds>(duration_of(json, name));
}

DrillStatus read_drill(const Reader& json) {
  DrillStatus drill;
  json.get("name", drill.name);
  json.get("source", drill.source);
  drill.every = seconds_of(json, "every_seconds");
  json.get("since", drill.since);
  json.get("last_run_at", drill.last_run_at);
  json.get("last_success_at", drill.last_success_at);
  json.get("succeeded", drill.succeeded);
  json.get("message", drill.told);
  json.get("printed", drill.printed);
  json.get("archives", drill.archives);
  json.get("bytes", drill.size_bytes);
  drill.restore_took = duration_of(json, "restore_seconds");
  drill.command_took = duration_of(json, "command_seconds");
  json.get("backup_made_at", drill.backup_made_at);
  drill.backup_age = seconds_of(json, "backup_age_seconds");
  return drill;
}

StatusReport read_status(const Reader& json) {
  StatusReport status;
  json.get("host", status.host);
  status.state = read_state(json, status.state);
  json.get("exit_status", status.exit_status);
  json.get("started_at", status.started_at);
  json.get("finished_at", status.finished_at);
  json.get("last_success_at", status.last_success_at);
  json.get("pid", status.pid);
  json.get("updated_at", status.updated_at);
  std::vector<std::string> runs;
  json.get("runs", runs);
  for (const auto& text : runs) {
    if (const auto begun = parse_time(text)) status.runs.push_back(*begun);
  }
  const auto disk = json.object("disk");
  disk.get("path", status.disk.path);
  disk.get("id", status.disk.id);
  disk.get("present", status.disk.present);
  disk.get("filesystem", status.disk.filesystem);
  disk.get("total_bytes", status.disk.total_bytes);
  disk.get("free_bytes", status.disk.free_bytes);
  disk.get("weaker", status.disk.weaker);
  disk.get("min_free_bytes", status.disk.min_free_bytes);
  disk.each("days", [&](const Reader& element) {
    auto& day = status.disk.days.emplace_back();
    element.get("day", day.day);
    element.get("free_bytes", day.free_bytes);
  });
  status.disks = read_disks(json);
  json.object("clock").get("skew_seconds", status.skew_seconds);
  json.get("bytes_per_second", status.bytes_per_second);
  json.each("sources",
            [&](const Reader& element) { status.sources.push_back(read_source(element)); });
  json.each("drills", [&](const Reader& element) { status.drills.push_back(read_drill(element)); });
  json.each("errors", [&](const Reader& element) {
    auto& error = status.errors.emplace_back();
    element.get("source", error.source);
    element.get_key(error.key);
    element.get("message", error.message);
  });
  return status;
}

}  // namespace

Result<StatusReport> status_from_json(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return json.error();
  if (json->object() == nullptr) return "it is not a JSON object";
  std::string complaint;
  auto status = read_status(Reader(*json, "", complaint));
  if (!complaint.empty()) return complaint;
  return status;
}

}  // namespace agent
