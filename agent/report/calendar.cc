#include "agent/report/calendar.h"

#include <algorithm>

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// A rhythm shows in three of its steps.
constexpr std::size_t kMinSteps = 3;
constexpr days kTrend{30};
constexpr days kMinTrend{3};
constexpr double kMaxDays = 3650;

// How many days usually lie between one day that has archives and the next; nullopt: no rhythm.
std::optional<days> usual_step(const std::vector<SourceNight>& nights) {
  std::vector<days> steps;
  std::optional<sys_days> before;
  for (const auto& night : nights) {
    if (night.archives == 0) continue;
    if (before) steps.push_back(night.day - *before);
    before = night.day;
  }
  if (steps.size() < kMinSteps) return std::nullopt;
  std::sort(steps.begin(), steps.end());
  return steps[steps.size() / 2];
}

}  // namespace

std::vector<CalendarDay> calendar_of(const std::vector<SourceNight>& nights, sys_days today,
                                     std::size_t count) {
  const auto step = usual_step(nights);
  std::vector<CalendarDay> calendar;
  std::optional<sys_days> last;
  auto night = nights.begin();
  const auto first = today - days{static_cast<int>(count) - 1};
  const auto from = nights.empty() ? first : std::min(first, nights.front().day);
  for (auto day = from; day <= today; day += days{1}) {
    while (night != nights.end() && night->day < day) ++night;
    CalendarDay entry{day};
    if (night != nights.end() && night->day == day) {
      entry.archives = night->archives;
      entry.size_bytes = night->size_bytes;
      entry.is = night->suspicious > 0 ? CalendarDay::Is::kSuspicious : CalendarDay::Is::kHeld;
      if (night->archives > 0) last = day;
    } else if (step && last && (day - *last) % *step == days{0} && day != today) {
      entry.is = CalendarDay::Is::kMissing;
    }
    if (day >= first) calendar.push_back(entry);
  }
  return calendar;
}

std::optional<sys_days> day_full(const DiskStatus& disk) {
  if (disk.days.size() < 2) return std::nullopt;
  const auto last = disk.days.back().day;
  double n = 0;
  double x_sum = 0;
  double y_sum = 0;
  double xx_sum = 0;
  double xy_sum = 0;
  auto first = last;
  for (const auto& day : disk.days) {
    if (day.day < last - kTrend || day.day > last) continue;
    first = std::min(first, day.day);
    const auto x = static_cast<double>((day.day - last).count());
    const auto y = static_cast<double>(day.free_bytes);
    n += 1;
    x_sum += x;
    y_sum += y;
    xx_sum += x * x;
    xy_sum += x * y;
  }
  const double spread = n * xx_sum - x_sum * x_sum;
  if (last - first < kMinTrend || spread <= 0) return std::nullopt;
  const double per_day = (n * xy_sum - x_sum * y_sum) / spread;
  if (per_day >= 0) return std::nullopt;
  const auto left = static_cast<double>(disk.free_bytes) - static_cast<double>(disk.min_free_bytes);
  const double until = left <= 0 ? 0 : left / -per_day;
  if (until > kMaxDays) return std::nullopt;
  return last + days{static_cast<int>(until)};
}

}  // namespace agent
