#include "agent/custody/left_sources.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "agent/custody/scrub_phase.h"
#include "agent/report/pull_status.h"

namespace agent {
namespace {

bool is_configured(const Config& config, const std::string& name) {
  return std::any_of(config.sources.begin(), config.sources.end(),
                     [&](const SourceConfig& source) { return source.name == name; });
}

void show(RunContext& context, const SourceRun& run) {
  context.board.update([&](StatusReport& status) {
    auto* const known = status.find(run.config->name);
    auto& figures = known != nullptr ? *known : status.sources.emplace_back();
    figures.name = run.config->name;
    figures.configured = false;
    figures.run = {};
    show_held(context.mirror.ledger, run.id, figures);
    show_nights(context.mirror.ledger, run.id, context.now(run), figures);
    figures.state = state_of(figures.alarm_count > 0 ? ExitStatus::kAlarm : ExitStatus::kOk);
  });
}

store::Result<bool> tend(RunContext& context, const std::string& name, store::SourceId id,
                         Clock::Steady run_begun) {
  auto& ledger = context.mirror.ledger;
  const auto held = ledger.totals(id);
  if (!held) return held.error();
  SourceConfig config;
  config.name = name;
  // Of its streams nobody says anything any more.
  config.soundness = SoundnessCheck::kOff;
  SourceRun run(&config);
  run.id = id;
  if (auto scrubbed = scrub_source(context, run, run_begun); !scrubbed) return scrubbed.error();
  context.tell_rest(run);
  const auto alarms = ledger.count_open_alarms(id);
  if (!alarms) return alarms.error();
  if (*alarms > 0) context.left_status = ExitStatus::kAlarm;
  if (held->archives + held->superseded + held->quarantined + *alarms == 0) return false;
  show(context, run);
  return true;
}

}  // namespace

store::Status tend_left_sources(RunContext& context, Clock::Steady run_begun) {
  const auto all = context.mirror.ledger.sources();
  if (!all) return all.error();
  std::set<std::string> shown;
  for (const auto& [id, name] : *all) {
    if (is_configured(context.config, name) || context.stopping()) continue;
    const auto tended = tend(context, name, id, run_begun);
    if (!tended) return tended.error();
    if (*tended) shown.insert(name);
  }
  if (context.stopping()) return {};
  context.board.update([&](StatusReport& status) {
    std::erase_if(status.sources, [&](const SourceStatus& source) {
      return !source.configured && !shown.contains(source.name);
    });
  });
  return {};
}

}  // namespace agent
