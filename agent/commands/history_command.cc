#include <fmt/format.h>

#include "agent/base/json_line.h"
#include "agent/base/log_failure.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/run/open_mirror.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

using store::EventKind;

constexpr std::chrono::days kYear{366};

const char* name_of(EventKind what) {
  switch (what) {
    case EventKind::kCame:
      return "came";
    case EventKind::kChanged:
      return "changed";
    case EventKind::kVanished:
      return "vanished";
    case EventKind::kQuarantined:
      return "quarantined";
    case EventKind::kSuperseded:
      return "superseded";
    case EventKind::kRepaired:
      return "repaired";
    case EventKind::kRemoved:
      return "removed";
    case EventKind::kLost:
      return "given up";
    case EventKind::kAcknowledged:
      return "acknowledged";
    case EventKind::kAlarm:
      return "alarm";
    case EventKind::kAlarmEnded:
      return "alarm ended";
    case EventKind::kDrill:
      return "drill";
    case EventKind::kDrillFailed:
      return "drill failed";
  }
  return "";
}

std::string words_of_drill(const store::Event& event) {
  const auto name = printable(event.key);
  const auto told = printable(event.message);
  if (event.what == EventKind::kDrillFailed) return fmt::format("{}: {}", name, told);
  return fmt::format("{}: {} ({}) restored{}{}", name,
                     counted(event.contents, "archive", "archives"), format_size(event.size_bytes),
                     told.empty() ? "" : "; ", told);
}

std::string text_of(const std::string& source, const store::Event& event) {
  std::string what;
  if (event.what == EventKind::kAlarm || event.what == EventKind::kAlarmEnded) {
    what = event.alarm;
    if (!event.key.empty()) what += ", " + printable_name(event.key);
    if (!event.message.empty()) what += ": " + printable(event.message);
  } else if (event.what == EventKind::kDrill || event.what == EventKind::kDrillFailed) {
    what = words_of_drill(event);
  } else if (event.what == EventKind::kAcknowledged) {
    what = fmt::format("{} alarm{}", event.contents, event.contents == 1 ? "" : "s");
  } else if (event.contents == 1) {
    what = fmt::format("{} ({})", printable_name(event.key), format_size(event.size_bytes));
  } else {
    what = fmt::format("{} copies ({}), such as {}", event.contents, format_size(event.size_bytes),
                       printable_name(event.key));
  }
  return fmt::format("{}  {}  {:<12}  {}", format_time(event.at), source, name_of(event.what),
                     what);
}

std::string json_of(const std::string& source, const store::Event& event) {
  return json_line({{"at", format_time(event.at)},
                    {"source", source},
                    {"what", name_of(event.what)},
                    {"contents", event.contents},
                    {"bytes", event.size_bytes},
                    {"key", JsonValue::of_key(event.key)},
                    {"alarm", event.alarm},
                    {"message", printable(event.message)}});
}

}  // namespace

ExitStatus history_command(const Config& config, const HistoryOptions& options,
                           const Environment& environment, const Print& print) {
  std::vector<std::string> names;
  if (!options.source.empty()) names.push_back(options.source);
  const auto selected = select_sources(config, names, environment.log);
  if (!selected) return ExitStatus::kUsage;
  auto mirror = open_mirror(config, environment, store::Access::kReadOnly);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  const auto since = options.since.value_or(environment.clock.now_s() - kYear);
  auto status = ExitStatus::kOk;
  for (const auto* source : *selected) {
    const auto id = mirror->ledger.find_source(source->name);
    store::Status done = id ? store::Status{} : store::Status(id.error());
    if (id && *id) {
      done = mirror->ledger.visit_events(**id, since, [&](const store::Event& event) {
        print(options.json ? json_of(source->name, event) : text_of(source->name, event));
        return !environment.stop.load();
      });
    }
    if (done) continue;
    status = graver(status, log_failure(environment.log, source->name, done.error()));
  }
  return status;
}

}  // namespace agent
