#include "agent/report/alarms_to_tell.h"

#include <fmt/format.h>

#include "agent/report/alarm_hook.h"

namespace agent {
namespace {

// A hook may take a minute.
constexpr std::size_t kMaxPerRun = 20;

store::Result<std::string> summary(store::Ledger& ledger) {
  const auto counts = ledger.count_unannounced();
  if (!counts) return counts.error();
  std::uint64_t all = 0;
  std::string kinds;
  for (const auto& [kind, count] : *counts) {
    all += count;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, kind);
  }
  return all == 0 ? std::string()
                  : fmt::format("{} more {}: {}. 'holdfast status' shows them", all,
                                all == 1 ? "alarm" : "alarms", kinds);
}

}  // namespace

store::Status announce_alarms(store::Ledger& ledger, const Environment& environment,
                              const std::string& on_alarm) {
  if (on_alarm.empty()) return {};
  const auto alarms = ledger.unannounced_alarms(kMaxPerRun);
  if (!alarms) return alarms.error();
  AlarmHook hook(environment, on_alarm);
  // On a disk that no longer takes a mark they are told all the same.
  store::Status all_marked;
  for (const auto& [source, alarm] : *alarms) {
    if (environment.stop.load()) return all_marked;
    const auto name = ledger.source_name(source);
    if (!name) return name.error();
    hook.tell({*name, alarm.kind, alarm.key, alarm.message, alarm.since});
    if (environment.stop.load()) return all_marked;
    if (auto marked = ledger.mark_announced(alarm.id); !marked && all_marked) all_marked = marked;
  }
  if (alarms->size() < kMaxPerRun || !all_marked) return all_marked;
  const auto rest = summary(ledger);
  if (!rest) return rest.error();
  if (rest->empty()) return {};
  hook.tell({"", "summary", "", *rest, environment.clock.now_s()});
  return environment.stop.load() ? store::Status{} : ledger.mark_all_announced();
}

}  // namespace agent
