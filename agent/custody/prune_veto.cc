#include "agent/custody/prune_veto.h"

#include <fmt/format.h>

#include "agent/base/trusted_clock.h"
#include "agent/base/units.h"

namespace agent {
namespace {

// A scrub may stamp a little ahead of the clock, and a clock may be set back by seconds.
constexpr std::chrono::minutes kClockSlack{1};

Frozen frozen_because(const std::string& why) {
  return {ExitStatus::kIncomplete, "nothing is removed: " + why};
}

}  // namespace

store::Result<std::optional<Frozen>> frozen_by_alarms(store::Ledger& ledger, const Config& config) {
  for (const auto& source : config.sources) {
    const auto id = ledger.find_source(source.name);
    if (!id) return id.error();
    if (!*id) continue;
    const auto totals = ledger.totals(**id);
    if (!totals) return totals.error();
    const auto open = ledger.count_open_alarms(**id);
    if (!open) return open.error();
    if (*open == 0 && !totals->hold_since) continue;
    const auto what = totals->hold_since ? "it is on HOLD"
                      : *open == 1       ? "an alarm is open"
                                         : "alarms are open";
    return Frozen{ExitStatus::kAlarm,
                  fmt::format("nothing is removed while there is trouble: {} ({}). See "
                              "'holdfast status'; when you know what happened, 'holdfast "
                              "ack {}'",
                              source.name, what, source.name)};
  }
  return std::optional<Frozen>{};
}

std::optional<Frozen> frozen_by_clock(const store::Totals& totals, store::Time now,
                                      store::Time newest_recorded) {
  if (!totals.pulled_since) {
    return Frozen{ExitStatus::kIncomplete,
                  "nothing is removed before this holdfast has pulled the source to the end "
                  "once: look at 'holdfast prune --dry-run', and run 'holdfast pull' first",
                  false};
  }
  if (now + kClockSlack < newest_recorded || is_provably_wrong(now, {})) {
    return frozen_because(
        fmt::format("this machine's clock says {}, but {} was recorded before. Set the clock "
                    "('timedatectl set-ntp true')",
                    format_time(now), format_time(newest_recorded)));
  }
  if (totals.doubt_after) {
    return frozen_because(
        "this machine's clock was wrong at the last pull, so the age of what came is not known "
        "yet. Run 'holdfast pull' first");
  }
  if (!totals.listed_at || now - *totals.listed_at > kMaxSilence) {
    const auto since =
        totals.listed_at ? "since " + format_time(*totals.listed_at) : std::string("yet");
    return frozen_because(
        fmt::format("by this machine's clock, which says {}, the bucket was not listed {}. See "
                    "that the clock is right, and run 'holdfast pull' first",
                    format_time(now), since));
  }
  return std::nullopt;
}

Frozen frozen_by_layout(const ChainTool& tool) {
  return {ExitStatus::kIncomplete, refusal_of(tool), false};
}

}  // namespace agent
