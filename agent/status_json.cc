#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/status.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

Json time_json(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

Json run_json(const RunFigures& run) {
  return {{"listed", run.listed},     {"new", run.fresh},         {"new_bytes", run.fresh_bytes},
          {"changed", run.changed},   {"vanished", run.vanished}, {"unreadable", run.unreadable},
          {"archived", run.archived}, {"failed", run.failed},     {"requests", run.requests},
          {"retries", run.retries}};
}

Json source_json(const SourceStatus& source) {
  Json newest = nullptr;
  if (source.newest) {
    newest = {{"key", printable(source.newest->key)},
              {"size", source.newest->size_bytes},
              {"last_modified", format_time(source.newest->last_modified)},
              {"held_since", format_time(source.newest->held_since)}};
  }
  Json alarms = Json::array();
  for (const auto& alarm : source.alarms) {
    alarms.push_back({{"id", alarm.id},
                      {"kind", alarm.kind},
                      {"since", format_time(alarm.since)},
                      {"key", printable(alarm.key)},
                      {"message", printable(alarm.message)}});
  }
  Json verified_by = Json::object();
  for (const auto& [level, count] : source.verified_by) verified_by[level] = count;
  return {{"name", source.name},
          {"state", source.state},
          {"hold", source.hold},
          {"last_attempt_at", time_json(source.last_attempt_at)},
          {"last_success_at", time_json(source.last_success_at)},
          {"archives", source.archives},
          {"bytes", source.size_bytes},
          {"superseded", source.superseded},
          {"quarantined", source.quarantined},
          {"run", run_json(source.run)},
          {"newest", newest},
          {"verified_by", verified_by},
          {"scrub",
           {{"oldest_at", time_json(source.oldest_read_at)},
            {"corrupt", source.corrupt},
            {"missing", source.missing}}},
          {"alarm_count", source.alarm_count},
          {"alarms", alarms}};
}

// Reads members that may be missing or null.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  template <typename T>
  void get(const char* name, T& into) const {
    if (const auto* value = member(name)) value->get_to(into);
  }
  void get(const char* name, std::optional<Time>& into) const {
    if (const auto* value = member(name)) into = parse_time(value->get<std::string>());
  }
  void get(const char* name, Time& into) const {
    std::optional<Time> time;
    get(name, time);
    into = time.value_or(into);
  }
  Reader object(const char* name) const {
    static const Json kEmpty = Json::object();
    const auto* value = member(name);
    return Reader(value != nullptr ? *value : kEmpty);
  }
  bool has(const char* name) const { return member(name) != nullptr; }
  template <typename Visit>
  void each(const char* name, const Visit& visit) const {
    const auto* array = member(name);
    if (array == nullptr) return;
    for (const auto& element : *array) visit(Reader(element));
  }

 private:
  const Json* member(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json& json_;
};

SourceStatus read_source(const Reader& json) {
  SourceStatus source;
  json.get("name", source.name);
  json.get("state", source.state);
  json.get("hold", source.hold);
  json.get("last_attempt_at", source.last_attempt_at);
  json.get("last_success_at", source.last_success_at);
  json.get("archives", source.archives);
  json.get("bytes", source.size_bytes);
  json.get("superseded", source.superseded);
  json.get("quarantined", source.quarantined);
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
  if (json.has("newest")) {
    const auto newest = json.object("newest");
    auto& into = source.newest.emplace();
    newest.get("key", into.key);
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
    element.get("key", alarm.key);
    element.get("since", alarm.since);
    element.get("message", alarm.message);
  });
  return source;
}

Status read_status(const Reader& json) {
  Status status;
  json.get("host", status.host);
  json.get("state", status.state);
  int exit_status = 0;
  json.get("exit_status", exit_status);
  if (json.has("exit_status")) status.exit_status = exit_status;
  json.get("started_at", status.started_at);
  json.get("finished_at", status.finished_at);
  json.get("last_success_at", status.last_success_at);
  const auto disk = json.object("disk");
  disk.get("path", status.disk.path);
  disk.get("id", status.disk.id);
  disk.get("present", status.disk.present);
  disk.get("filesystem", status.disk.filesystem);
  disk.get("total_bytes", status.disk.total_bytes);
  disk.get("free_bytes", status.disk.free_bytes);
  disk.get("weaker", status.disk.weaker);
  json.object("clock").get("skew_seconds", status.skew_seconds);
  json.each("sources",
            [&](const Reader& element) { status.sources.push_back(read_source(element)); });
  json.each("errors", [&](const Reader& element) {
    auto& error = status.errors.emplace_back();
    element.get("source", error.source);
    element.get("key", error.key);
    element.get("message", error.message);
  });
  return status;
}

}  // namespace

SourceStatus* Status::find(std::string_view source) {
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const SourceStatus& s) { return s.name == source; });
  return found == sources.end() ? nullptr : &*found;
}

std::string state_of(ExitStatus status) {
  switch (status) {
    case ExitStatus::kOk:
      return "ok";
    case ExitStatus::kAlarm:
      return "attention";
    case ExitStatus::kIncomplete:
      return "incomplete";
    case ExitStatus::kNotNow:
      return "absent";
    default:
      return "failed";
  }
}

std::string to_json(const Status& status) {
  Json sources = Json::array();
  for (const auto& source : status.sources) sources.push_back(source_json(source));
  Json errors = Json::array();
  for (const auto& error : status.errors) {
    errors.push_back({{"source", error.source},
                      {"key", printable(error.key)},
                      {"message", printable(error.message)}});
  }
  const Json json = {
      {"schema", 1},
      {"version", HOLDFAST_VERSION},
      {"host", printable(status.host)},
      {"state", status.state},
      {"exit_status", status.exit_status ? Json(*status.exit_status) : Json(nullptr)},
      {"started_at", time_json(status.started_at)},
      {"finished_at", time_json(status.finished_at)},
      {"last_success_at", time_json(status.last_success_at)},
      {"disk",
       {{"path", printable(status.disk.path)},
        {"id", status.disk.id},
        {"present", status.disk.present},
        {"filesystem", status.disk.filesystem},
        {"total_bytes", status.disk.total_bytes},
        {"free_bytes", status.disk.free_bytes},
        {"weaker", status.disk.weaker}}},
      {"clock", {{"skew_seconds", status.skew_seconds}}},
      {"sources", sources},
      {"errors", errors}};
  return json.dump(2) + "\n";
}

Result<Status> status_from_json(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return "it is no JSON object";
  // The library says by exception that a member has another type than we wrote.
  try {
    return read_status(Reader(json));
  } catch (const nlohmann::json::exception& wrong) {
    return wrong.what();
  }
}

}  // namespace agent
