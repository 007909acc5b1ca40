#include "agent/alarms/stale_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "agent/alarms/small_sets.h"
#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/config/series.h"

namespace agent {
namespace {

// Fewer sets make no habit that somebody could expect something of.
constexpr std::uint64_t kMinOfStream = 3;
// What came at one time, as a backlog does, tells no habit.
constexpr std::chrono::minutes kMinGap{1};
// Of a set of more parts nobody is asked whether they go on without one.
constexpr std::size_t kMaxAskedParts = 256;

using Habit = store::Ledger::Habit;

std::string stream_name(const std::string& stream) {
  return stream.empty() ? "this source" : fmt::format("the stream {}", printable_name(stream));
}

// Between its sets, but for the one longest where there are several; nullopt where there is none.
std::optional<std::chrono::seconds> usual_gap(const Habit& habit) {
  std::vector<std::chrono::seconds> gaps;
  for (std::size_t i = 1; i < habit.made.size(); ++i) {
    const auto gap = habit.made[i] - habit.made[i - 1];
    if (gap >= kMinGap) gaps.push_back(gap);
  }
  constexpr std::size_t kMinGaps = 2;
  constexpr std::size_t kSeveral = 4;
  if (gaps.size() < kMinGaps) return std::nullopt;
  std::ranges::sort(gaps, std::greater<>{});
  return gaps[gaps.size() >= kSeveral ? 1 : 0];
}

std::string stale_message(const SourceConfig& config, const std::string& of_what,
                          const std::optional<store::Time>& since) {
  const auto last = since ? fmt::format("the last one came on {}", format_time(*since))
                          : std::string("none ever came");
  return fmt::format(
      "no new archive of {} for more than {}: {}. Check the job that makes them, and the upload",
      of_what, format_duration(*config.expect_every), last);
}

class SilenceCheck {
 public:
  SilenceCheck(RunContext& context, const SourceRun& source)
      : context_(context), source_(source), now_(context.now(source)) {}

  store::Status run() {
    auto& ledger = context_.mirror.ledger;
    const auto newest = ledger.newest_arrival(source_.id);
    if (!newest) return newest.error();
    const auto totals = ledger.totals(source_.id);
    if (!totals) return totals.error();
    const auto open = ledger.count_open_alarms(source_.id);
    if (!open) return open.error();
    any_open_ = *open > 0;
    const auto since = *newest ? *newest : totals->first_listed_at;
    const bool all_stale = since && is_overdue(*since);
    if (auto told = tell(all_stale, "", "this source", *newest); !told) return told;

    store::Status told;
    const auto visited = ledger.visit_habits(source_.id, kMinOfStream, [&](const Habit& habit) {
      if (habit.stream.empty()) return true;
      const auto stale = is_stale(habit);
      if (!stale) {
        told = stale.error();
        return false;
      }
      // Where all is silent one alarm says it. Those of streams stay as they are: they were raised
      // for a silence that goes on when the rest has come back.
      if (all_stale && is_overdue(habit.newest_held_since)) return true;
      told = tell(*stale, habit.stream, stream_name(habit.stream), habit.newest_held_since);
      return told.has_value();
    });
    return visited ? told : visited;
  }

 private:
  bool is_overdue(store::Time since) const { return now_ - since > *source_.config->expect_every; }

  // By its own habit, and where nothing says that another one goes on in its stead.
  store::Result<bool> is_stale(const Habit& habit) {
    if (!is_overdue(habit.newest_held_since)) return false;
    const auto gap = usual_gap(habit);
    if (!gap || now_ - habit.newest_held_since <= 2 * *gap) return false;
    const auto succeeded = context_.mirror.ledger.has_successor(source_.id, habit.stream);
    if (!succeeded || *succeeded) return succeeded ? store::Result<bool>(false) : succeeded;
    return speaks_for_set(habit);
  }

  // Of a set of several parts one stream tells for all; and where some of them go on, those that
  // are lacking are told as `small`, if that is asked for.
  store::Result<bool> speaks_for_set(const Habit& habit) {
    const auto& series = source_.config->series;
    const auto keys = context_.mirror.ledger.keys_from(source_.id, habit.last_set, kMaxAskedParts);
    if (!keys) return keys.error();
    for (const auto& key : *keys) {
      const auto place = series.place(key);
      if (place.set_bytes != habit.last_set.size() || place.stream == habit.stream) continue;
      const auto other = context_.mirror.ledger.habit(source_.id, place.stream);
      if (!other) return other.error();
      if (!*other) continue;
      const bool goes_on =
          source_.config->shrink_alarm_share && (*other)->last_set != habit.last_set;
      const bool tells = (*other)->sets >= kMinOfStream && place.stream < habit.stream;
      if (goes_on || tells) return false;
    }
    return true;
  }

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

// The ledger knows it. A rebuild has to know it too; of a set with more parts some are enough.
constexpr std::size_t kMaxSmall = 1000;

store::Status tell_manifest(RunContext& context, const SourceRun& source,
                            std::vector<store::Batch::SoundnessNote> small) {
  if (small.empty()) return {};
  auto change = context.mirror.begin({}, context.now(source));
  if (!change) return change.error();
  for (auto& one : small) change->note_soundness(std::move(one));
  return change->commit();
}

}  // namespace

store::Status raise_arrival_alarms(RunContext& context, const SourceRun& source) {
  const auto& config = *source.config;
  if (!config.expect_every && config.min_size_bytes == 0 && !config.shrink_alarm_share) {
    return context.mirror.ledger.forget_series(source.id);
  }
  store::Ledger::ArrivalQuestions questions;
  questions.place = [&](std::string_view key) { return config.series.place(key); };
  questions.shape_of = [](std::string_view stream) { return without_digits(stream); };
  questions.forms_of = forms_of;
  questions.is_complete = is_complete;
  questions.complaint = [&](const SetMade& set, const std::vector<SetMade>& recent,
                            std::string_view stream) {
    return why_small(config, set, recent, stream);
  };
  questions.raised = [&](const std::string& key, const std::string& message) {
    context.report_one_of(source, store::AlarmKind::kSmall, key, message);
  };
  std::vector<store::Batch::SoundnessNote> small;
  questions.small = [&](const store::Batch::SoundnessNote& one) {
    if (small.size() < kMaxSmall) small.push_back(one);
  };
  auto taken = context.mirror.ledger.sort_arrivals(source.id, config.series.spec(), questions,
                                                   context.now(source));
  if (taken) taken = tell_manifest(context, source, std::move(small));
  if (!taken) return taken;
  return config.expect_every ? SilenceCheck(context, source).run() : store::Status{};
}

}  // namespace agent
