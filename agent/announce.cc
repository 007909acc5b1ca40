#include "agent/announce.h"

#include "agent/alarm_hook.h"

namespace agent {
namespace {
// A hook may take a minute.
constexpr std::size_t kMostPerRun = 20;
}  // namespace

store::Status announce_alarms(RunContext& context) {
  const auto& command = context.config.agent.on_alarm;
  if (command.empty()) return {};
  auto& ledger = context.mirror.ledger;
  const auto alarms = ledger.unannounced_alarms(kMostPerRun);
  if (!alarms) return alarms.error();
  AlarmHook hook(context.environment, command);
  for (const auto& [source, alarm] : *alarms) {
    if (context.stopping()) return {};
    const auto name = ledger.source_name(source);
    if (!name) return name.error();
    hook.tell({*name, alarm.kind, alarm.key, alarm.message, alarm.since});
    if (auto marked = ledger.mark_announced(alarm.id); !marked) return marked;
  }
  return {};
}

}  // namespace agent
