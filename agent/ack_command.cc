#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/commands.h"
#include "agent/failure.h"
#include "agent/mirror.h"
#include "agent/pull_status.h"
#include "agent/sources.h"

namespace agent {
namespace {

struct Acknowledged {
  std::uint64_t alarms = 0;
  bool hold_ended = false;
};

store::Result<Acknowledged> acknowledge(store::Ledger& ledger, store::SourceId source,
                                        const AckOptions& options, store::Time now) {
  const auto totals = ledger.totals(source);
  if (!totals) return tl::unexpected(totals.error());
  const auto ended = ledger.acknowledge(source, options.alarm, now);
  if (!ended) return tl::unexpected(ended.error());
  const auto still_open = ledger.is_open(source, "mass-change", "");
  if (!still_open) return tl::unexpected(still_open.error());
  if (*still_open || !totals->hold_since) return Acknowledged{*ended, false};
  if (auto done = ledger.end_hold(source); !done) return tl::unexpected(done.error());
  return Acknowledged{*ended, true};
}

std::string text_of(const AckOptions& options, const Acknowledged& done) {
  return fmt::format("{}: {} acknowledged{}", options.source,
                     done.alarms == 1 ? "1 alarm" : fmt::format("{} alarms", done.alarms),
                     done.hold_ended ? "; the HOLD is over, and the next pull fetches what changed "
                                       "into quarantine"
                                     : "");
}

}  // namespace

ExitStatus ack_command(const Config& config, const AckOptions& options,
                       const Environment& environment, const Print& print) {
  if (!select_sources(config, {options.source}, environment.log)) return ExitStatus::kUsage;
  auto mirror = open_mirror(config, environment, store::Access::kReadWrite);
  if (!mirror) {
    environment.log.error({"", "", mirror.error().message});
    return mirror.error().status;
  }
  const auto report = [&](const store::Error& error) {
    environment.log.error({options.source, "", explain(error)});
    return status_of(error);
  };
  auto& ledger = mirror->ledger;
  const auto id = ledger.find_source(options.source);
  if (!id) return report(id.error());
  const auto done = acknowledge(ledger, id->value_or(0), options, environment.clock.now_s());
  if (!done) return report(done.error());
  if (options.alarm && done->alarms == 0) {
    environment.log.error(
        {options.source, "",
         fmt::format("there is no open alarm {}; 'holdfast status' shows those that are",
                     *options.alarm)});
    return ExitStatus::kUsage;
  }
  refresh_status_file(config, environment, ledger, id->value_or(0), options.source);
  if (options.json) {
    print(nlohmann::ordered_json{
        {"source", options.source}, {"alarms", done->alarms}, {"hold_ended", done->hold_ended}}
              .dump());
  } else {
    print(text_of(options, *done));
  }
  return ExitStatus::kOk;
}

}  // namespace agent
