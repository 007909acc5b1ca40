#include "agent/report/drill_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agent/base/printable.h"
#include "agent/base/trusted_clock.h"
#include "agent/base/units.h"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr auto kDrillAlarm = store::AlarmKind::kDrill;

seconds time_since(Time since, Time now) { return std::max(now - since, seconds{0}); }

const DrillConfig* find(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.drills.begin(), config.drills.end(),
                                  [&](const DrillConfig& one) { return one.name == name; });
  return found == config.drills.end() ? nullptr : &*found;
}

store::Status end_if_open(store::Ledger& ledger, store::SourceId source, const std::string& name,
                          Time now) {
  const auto open = ledger.is_open(source, kDrillAlarm, name);
  if (!open) return open.error();
  return *open ? ledger.end_alarm(source, kDrillAlarm, name, now) : store::Status{};
}

bool has_drill_alarm(const StatusReport& status) {
  return std::any_of(status.sources.begin(), status.sources.end(), [](const SourceStatus& source) {
    return source.alarm_kinds.contains(std::string(store::name_of(kDrillAlarm)));
  });
}

// Those of the configuration that are of the source that they were of.
store::Status forget_others(RunContext& context, Time now) {
  auto& ledger = context.mirror.ledger;
  const auto all = ledger.drills();
  if (!all) return all.error();
  for (const auto& known : *all) {
    const auto* const drill = find(context.config, known.name);
    const auto source = ledger.source_name(known.source);
    if (!source) return source.error();
    if (drill != nullptr && drill->source == *source) continue;
    if (auto ended = end_if_open(ledger, known.source, known.name, now); !ended) return ended;
    if (auto forgotten = ledger.forget_drill(known.name); !forgotten) return forgotten;
  }
  return {};
}

std::string words_of_overdue(const DrillConfig& drill, const store::DrillMemory& memory, Time now) {
  const auto when = memory.success
                        ? fmt::format("last succeeded {} ago",
                                      format_duration(time_since(memory.success->at, now)))
                        : fmt::format("has never succeeded since it was configured, {} ago",
                                      format_duration(time_since(memory.since, now)));
  return fmt::format(
      "the restore drill \"{}\" {}, and \"every\" is {}; see that 'holdfast drill "
      "--due' is run, or run it now: holdfast drill {}",
      drill.name, when, format_duration(drill.every), drill.name);
}

store::Status raise_or_end(RunContext& context, const DrillConfig& drill, Time now) {
  auto& ledger = context.mirror.ledger;
  const auto source = ledger.find_source(drill.source);
  if (!source) return source.error();
  if (!*source) return {};
  if (auto noted = ledger.note_drill(drill.name, **source, now); !noted) return noted;
  const auto memory = ledger.drill(drill.name);
  if (!memory) return memory.error();
  if (!*memory) return {};
  const auto since = (*memory)->success ? (*memory)->success->at : (*memory)->since;
  if (time_since(since, now) <= drill.every) return {};
  // By a clock that is provably wrong nothing is late.
  if (is_provably_wrong(now, context.newest_recorded)) return {};
  // One that was acknowledged, or failed, is not raised again for the same time without a success.
  const auto told = ledger.was_raised(**source, kDrillAlarm, drill.name, since + seconds{1});
  if (!told) return told.error();
  if (*told) return {};
  const auto message = words_of_overdue(drill, **memory, now);
  const auto raised = ledger.raise_alarm(**source, kDrillAlarm, drill.name, message, now);
  if (!raised) return raised.error();
  for (const auto& run : context.sources) {
    if (*raised && run.id == **source) context.report_one_of(run, kDrillAlarm, "", message);
  }
  return {};
}

}  // namespace

std::string words_of_failure(const DrillConfig& drill, const store::DrillRun& run) {
  return fmt::format(
      "the restore drill \"{}\" failed: {}. Find out whether that backup could be restored at all; "
      "then run the drill again: holdfast drill {}",
      drill.name, run.told, drill.name);
}

void show_drills(const Config& config, store::Ledger& ledger, StatusReport& status) {
  status.drills.clear();
  if (config.drills.empty()) return;
  const auto all = ledger.drills();
  for (const auto& drill : config.drills) {
    auto& shown = status.drills.emplace_back();
    shown.name = drill.name;
    shown.source = drill.source;
    shown.every = drill.every;
    if (!all) continue;
    const auto known = std::find_if(all->begin(), all->end(),
                                    [&](const auto& one) { return one.name == drill.name; });
    if (known == all->end()) continue;
    shown.since = known->since;
    if (known->success) shown.last_success_at = known->success->at;
    if (!known->last) continue;
    const auto& last = *known->last;
    shown.last_run_at = last.at;
    shown.succeeded = last.succeeded;
    shown.told = last.told;
    shown.printed = last.printed;
    // How long it takes, and of what time the backup is, is what the last success has measured.
    const auto& measured = known->success ? *known->success : last;
    shown.archives = measured.archives;
    shown.size_bytes = measured.size_bytes;
    shown.restore_took = measured.restore_took;
    shown.command_took = measured.command_took;
    if (measured.made != store::UpstreamTime{}) {
      shown.backup_made_at = store::at_its_word(measured.made);
      shown.backup_age = time_since(*shown.backup_made_at, measured.at);
    }
  }
}

store::Status raise_drill_alarms(RunContext& context) {
  // Nothing is asked of the ledger where nobody has drills.
  if (context.config.drills.empty() && !has_drill_alarm(context.board.snapshot())) return {};
  const auto now = context.environment.clock.now_s();
  std::set<std::string> parents;
  for (const auto& drill : context.config.drills) {
    parents.insert(scratch_parent(context.config, drill));
  }
  for (const auto& parent : parents) {
    if (context.environment.remove_left_scratches) {
      context.environment.remove_left_scratches(parent);
    }
  }
  if (auto forgotten = forget_others(context, now); !forgotten) return forgotten;
  for (const auto& drill : context.config.drills) {
    if (auto raised = raise_or_end(context, drill, now); !raised) return raised;
  }
  return {};
}

}  // namespace agent
