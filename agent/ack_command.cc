#include <fmt/format.h>

#include "agent/commands.h"
#include "agent/json_line.h"
#include "agent/pull_status.h"
#include "agent/source_command.h"

namespace agent {
namespace {

struct Acknowledged {
  std::uint64_t alarms = 0;
  bool hold_ended = false;
};

store::Result<Acknowledged> acknowledge(store::Ledger& ledger, store::SourceId source,
                                        const AckOptions& options, store::Time now) {
  const auto totals = ledger.totals(source);
  if (!totals) return totals.error();
  const auto ended = ledger.acknowledge(source, options.alarm, now);
  if (!ended) return ended.error();
  const auto still_open = ledger.is_open(source, "mass-change", "");
  if (!still_open) return still_open.error();
  if (*still_open || !totals->hold_since) return Acknowledged{*ended, false};
  if (auto done = ledger.end_hold(source); !done) return done.error();
  return Acknowledged{*ended, true};
}

const char* what_comes_next(OnChange on_change) {
  return on_change == OnChange::kGenerations
             ? "; the HOLD is over, and the next pull fetches what changed and lets it take the "
               "place of what is held, which is then superseded"
             : "; the HOLD is over, and the next pull fetches what changed into quarantine";
}

std::string text_of(const AckOptions& options, OnChange on_change, const Acknowledged& done) {
  return fmt::format("{}: {} acknowledged{}", options.source,
                     done.alarms == 1 ? "1 alarm" : fmt::format("{} alarms", done.alarms),
                     done.hold_ended ? what_comes_next(on_change) : "");
}

std::string json_of(const AckOptions& options, const Acknowledged& done) {
  return json_line(
      {{"source", options.source}, {"alarms", done.alarms}, {"hold_ended", done.hold_ended}});
}

}  // namespace

ExitStatus ack_command(const Config& config, const AckOptions& options,
                       const Environment& environment, const Print& print) {
  const auto configured =
      std::find_if(config.sources.begin(), config.sources.end(),
                   [&](const SourceConfig& source) { return source.name == options.source; });
  const auto on_change =
      configured == config.sources.end() ? OnChange::kQuarantine : configured->on_change;
  const auto ack = [&](SourceMirror& source) -> store::Result<ExitStatus> {
    auto& ledger = source.mirror.ledger;
    const auto done = acknowledge(ledger, source.id, options, environment.clock.now_s());
    if (!done) return done.error();
    if (options.alarm && done->alarms == 0) {
      environment.log.error(
          {options.source, "",
           fmt::format("there is no open alarm {}; 'holdfast status' shows those that are",
                       *options.alarm)});
      return ExitStatus::kUsage;
    }
    refresh_status_file(config, environment, ledger, source.id, options.source);
    print(options.json ? json_of(options, *done) : text_of(options, on_change, *done));
    return ExitStatus::kOk;
  };
  return on_source(config, options.source, environment, store::Access::kReadWrite, ack);
}

}  // namespace agent
