#include "agent/freshness.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/log.h"
#include "agent/units.h"

namespace agent {
namespace {

// Fewer archives make no series that somebody could expect something of.
constexpr std::uint64_t kLeastOfSeries = 3;

using Arrival = store::Ledger::Arrival;
using SeriesState = store::Ledger::Series;

std::uint64_t median(std::vector<std::uint64_t> sizes_bytes) {
  const auto middle = sizes_bytes.begin() + static_cast<std::ptrdiff_t>(sizes_bytes.size() / 2);
  std::nth_element(sizes_bytes.begin(), middle, sizes_bytes.end());
  return *middle;
}

std::string series_name(const SeriesState& series) {
  return series.name.empty() ? "this source"
                             : fmt::format("the series {}", printable_name(series.name));
}

std::optional<std::string> judge_size(const SourceConfig& config, const Arrival& arrival,
                                      const SeriesState& series) {
  if (arrival.size_bytes < config.min_size_bytes) {
    return fmt::format(
        "it has only {}, and min_size is {}. It is held, and so are those before it; check the job "
        "that writes them",
        format_size(arrival.size_bytes), format_size(config.min_size_bytes));
  }
  if (!config.shrink_alarm_share || series.recent_sizes_bytes.size() < kLeastOfSeries) {
    return std::nullopt;
  }
  const auto usual = median(series.recent_sizes_bytes);
  if (static_cast<double>(arrival.size_bytes) >=
      *config.shrink_alarm_share * static_cast<double>(usual)) {
    return std::nullopt;
  }
  return fmt::format(
      "it has only {}, and the last ones of {} have {}. It is held, and so are those before it; "
      "check the job that writes them",
      format_size(arrival.size_bytes), series_name(series), format_size(usual));
}

std::string stale_message(const SourceConfig& config, const std::string& of_what,
                          const std::optional<store::Time>& since) {
  const auto last = since ? fmt::format("the last one came on {}", format_time(*since))
                          : std::string("none ever came");
  return fmt::format(
      "no new archive of {} for more than {}: {}. Check the job that makes them, and the upload",
      of_what, format_duration(*config.expect_every), last);
}

class StaleJudge {
 public:
  StaleJudge(RunContext& context, const SourceRun& source)
      : context_(context), source_(source), now_(context.now(source)) {}

  store::Status run() {
    auto& ledger = context_.mirror.ledger;
    std::optional<store::Time> newest;
    auto visited = ledger.visit_series(source_.id, 1, [&](const SeriesState& series) {
      newest = std::max(newest.value_or(series.newest_held_since), series.newest_held_since);
      return true;
    });
    if (!visited) return visited;
    const auto totals = ledger.totals(source_.id);
    if (!totals) return totals.error();
    const auto open = ledger.count_open_alarms(source_.id);
    if (!open) return open.error();
    any_open_ = *open > 0;
    const auto since = newest ? newest : totals->first_listed_at;
    const bool all_stale = since && is_overdue(*since);
    if (auto told = tell(all_stale, "", "this source", newest); !told) return told;

    store::Status told;
    visited = ledger.visit_series(source_.id, kLeastOfSeries, [&](const SeriesState& series) {
      const bool stale = is_overdue(series.newest_held_since);
      // Where all is silent one alarm says it. Those of series stay as they are: they were raised
      // for a silence that goes on when the rest has come back.
      if (series.name.empty() || (all_stale && stale)) return true;
      told = tell(stale, series.name, series_name(series), series.newest_held_since);
      return told.has_value();
    });
    return visited ? told : visited;
  }

 private:
  bool is_overdue(store::Time since) const { return now_ - since > *source_.config->expect_every; }

  store::Status tell(bool stale, const std::string& key, const std::string& of_what,
                     const std::optional<store::Time>& since) {
    auto& ledger = context_.mirror.ledger;
    if (!stale) {
      return any_open_ ? ledger.end_alarm(source_.id, store::AlarmKind::kStale, key, now_)
                       : store::Status{};
    }
    // One that was acknowledged is not raised again for the same silence.
    const auto told =
        ledger.was_raised(source_.id, store::AlarmKind::kStale, key, since.value_or(store::Time{}));
    if (!told) return told.error();
    if (*told) return {};
    const auto message = stale_message(*source_.config, of_what, since);
    const auto raised =
        ledger.raise_alarm(source_.id, store::AlarmKind::kStale, key, message, now_);
    if (!raised) return raised.error();
    if (*raised) context_.report_one_of(source_, store::AlarmKind::kStale, "", message);
    return {};
  }

  RunContext& context_;
  const SourceRun& source_;
  const store::Time now_;
  bool any_open_ = false;
};

}  // namespace

store::Status judge_arrivals(RunContext& context, const SourceRun& source) {
  const auto& config = *source.config;
  if (!config.expect_every && config.min_size_bytes == 0 && !config.shrink_alarm_share) {
    return context.mirror.ledger.forget_series(source.id);
  }
  auto taken = context.mirror.ledger.take_arrivals(
      source.id, config.series.spec(), [&](std::string_view key) { return config.series.of(key); },
      [&](const Arrival& arrival, const SeriesState& series) {
        return judge_size(config, arrival, series);
      },
      context.now(source),
      [&](const std::string& key, const std::string& message) {
        context.report_one_of(source, store::AlarmKind::kSmall, key, message);
      });
  if (!taken) return taken;
  return config.expect_every ? StaleJudge(context, source).run() : store::Status{};
}

}  // namespace agent
