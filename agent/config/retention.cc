#include "agent/config/retention.h"

#include <algorithm>
#include <limits>

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::year_month_day;

std::int64_t day_of(store::Time time) {
  return std::chrono::floor<days>(time).time_since_epoch().count();
}

std::int64_t week_of(store::Time time) {
  constexpr days kFromMonday{3};  // the first day of 1970 was a Thursday
  const auto since_monday = std::chrono::floor<days>(time).time_since_epoch() + kFromMonday;
  return std::chrono::floor<std::chrono::weeks>(since_monday).count();
}

year_month_day date_of(store::Time time) { return year_month_day{std::chrono::floor<days>(time)}; }

std::int64_t month_of(store::Time time) {
  constexpr std::int64_t kMonths = 12;
  const auto date = date_of(time);
  return static_cast<int>(date.year()) * kMonths + static_cast<unsigned>(date.month());
}

std::int64_t year_of(store::Time time) { return static_cast<int>(date_of(time).year()); }

constexpr std::uint64_t mirrored(std::uint64_t rank) {
  return std::numeric_limits<std::uint64_t>::max() - rank;
}

}  // namespace

// A set of several contents counts once: by the latest.
void SeriesRetention::Slots::add_alone(const Place& place) {
  const auto [one, is_new] = alone_.try_emplace(place.from_end, place);
  if (!is_new) {
    if (place <= one->second) return;
    newest_by_period_.erase(one->second);
    one->second = place;
  }
  newest_by_period_.emplace(place, place);
  if (newest_by_period_.size() <= most_) return;
  alone_.erase(newest_by_period_.begin()->second.from_end);
  newest_by_period_.erase(newest_by_period_.begin());
}

void SeriesRetention::Slots::add(const Place& place) {
  if (period_of_ == nullptr) return add_alone(place);
  const auto period = Place{store::Time{std::chrono::seconds{period_of_(place.when)}}};
  const auto [slot, is_new] = newest_by_period_.try_emplace(period, place);
  if (!is_new) slot->second = std::max(slot->second, place);
  if (newest_by_period_.size() > most_) newest_by_period_.erase(newest_by_period_.begin());
}

void SeriesRetention::Slots::collect(std::map<std::uint64_t, Kept>& kept,
                                     store::Time Place::*held_since) const {
  for (const auto& [period, place] : newest_by_period_) {
    auto& one = kept[mirrored(place.from_end)];
    one.keeps = one.keeps | reason_;
    one.held_since = place.*held_since;
  }
}

SeriesRetention::SeriesRetention(const RetentionRules& rules)
    : by_holding_(count(rules)), by_making_(count(rules)) {}

SeriesRetention::Count SeriesRetention::count(const RetentionRules& rules) {
  Count count;
  const auto add = [&](Keep reason, unsigned most, PeriodOf period_of) {
    if (most > 0) count.slots.emplace_back(reason, most, period_of);
  };
  add(Keep::kLast, rules.last, nullptr);
  add(Keep::kDaily, rules.daily, day_of);
  add(Keep::kWeekly, rules.weekly, week_of);
  add(Keep::kMonthly, rules.monthly, month_of);
  add(Keep::kYearly, rules.yearly, year_of);
  return count;
}

void SeriesRetention::add(const Content& content) {
  // Nothing was made after we held it, whatever the upstream says.
  const auto uploaded = store::at_its_word(content.last_modified);
  const auto made = std::min(uploaded, content.held_since);
  const auto end = mirrored(content.rank);
  add(by_holding_, {content.held_since, uploaded, end}, content);
  add(by_making_, {made, content.held_since, end}, content);
}

void SeriesRetention::Recent::add(const Place& place, std::uint64_t parts) {
  constexpr std::size_t kMaxRecent = 10;
  parts_.emplace(place, parts);
  if (parts_.size() > kMaxRecent) parts_.erase(parts_.begin());
}

std::optional<SeriesRetention::Place> SeriesRetention::Recent::newest_whole() const {
  std::optional<Place> whole;
  std::uint64_t most = 0;
  for (const auto& [place, parts] : parts_) {
    if (parts < most) continue;
    most = parts;
    whole = place;
  }
  return whole;
}

void SeriesRetention::add(Count& count, const Place& place, const Content& content) {
  for (auto& slots : count.slots) slots.add(place);
  count.newest = std::max(count.newest, std::optional(place));
  if (!content.trusted) return;
  count.newest_trusted = std::max(count.newest_trusted, std::optional(place));
  count.recent.add(place, content.parts);
}

void SeriesRetention::collect(const Count& count, std::map<std::uint64_t, Kept>& kept,
                              store::Time Place::*held_since) {
  for (const auto& slots : count.slots) slots.collect(kept, held_since);
  for (const auto& newest : {count.newest, count.newest_trusted, count.recent.newest_whole()}) {
    if (!newest) continue;
    auto& one = kept[mirrored(newest->from_end)];
    one.keeps = one.keeps | Keep::kNewest;
    one.held_since = (*newest).*held_since;
  }
}

std::vector<SeriesRetention::Kept> SeriesRetention::kept() const {
  std::map<std::uint64_t, Kept> by_rank;
  collect(by_holding_, by_rank, &Place::when);
  collect(by_making_, by_rank, &Place::other);
  std::vector<Kept> kept;
  kept.reserve(by_rank.size());
  for (const auto& [rank, one] : by_rank) kept.push_back({rank, one.keeps, one.held_since});
  return kept;
}

Keeps SeriesRetention::of_itself(const RetentionRules& rules, store::Time now,
                                 store::Time held_since) {
  const bool within = rules.within && now - held_since <= *rules.within;
  return within ? static_cast<Keeps>(Keep::kWithin) : 0;
}

}  // namespace agent
