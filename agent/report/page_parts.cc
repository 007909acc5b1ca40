#include "agent/report/page_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/base/printable.h"
#include "agent/base/shell_word.h"
#include "agent/report/alarm_words.h"
#include "agent/report/assessment.h"

namespace agent::page {
namespace {

using std::chrono::sys_days;

constexpr std::size_t kDaysNamed = 8;

std::string day_text(sys_days day) { return format_time(day).substr(0, 10); }

std::string_view class_of(CalendarDay::Is is) {
  switch (is) {
    case CalendarDay::Is::kHeld:
      return "held";
    case CalendarDay::Is::kMissing:
      return "missing";
    case CalendarDay::Is::kSuspicious:
      return "suspicious";
    case CalendarDay::Is::kNothing:
      break;
  }
  return "none";
}

// Not by colour alone.
std::string_view sign_of(CalendarDay::Is is) {
  return is == CalendarDay::Is::kMissing      ? "&times;"
         : is == CalendarDay::Is::kSuspicious ? "!"
                                              : "";
}

std::string tip_of(const CalendarDay& day) {
  const auto held = day.archives == 0
                        ? std::string("nothing held")
                        : fmt::format("{} held, {}", day.archives, format_size(day.size_bytes));
  switch (day.is) {
    case CalendarDay::Is::kMissing:
      return fmt::format("{}: missing", day_text(day.day));
    case CalendarDay::Is::kSuspicious:
      return fmt::format("{}: suspicious; {}", day_text(day.day), held);
    default:
      return fmt::format("{}: {}", day_text(day.day), held);
  }
}

std::string months(const std::vector<CalendarDay>& all) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::string out;
  std::optional<unsigned> before;
  for (std::size_t i = 0; i < all.size(); i += 7) {
    const std::chrono::year_month_day first(all[i].day);
    // The next one's name would stand on it.
    if (i == 0 && static_cast<unsigned>(first.day()) > 21) continue;
    const auto month = static_cast<unsigned>(first.month());
    if (std::exchange(before, month) == month) continue;
    out += fmt::format("<span style=\"grid-column:{}\">{}</span>", i / 7 + 1, kNames[month - 1]);
  }
  return out;
}

std::string named(const std::vector<CalendarDay>& all, CalendarDay::Is is, std::string_view label) {
  std::string list;
  std::size_t count = 0;
  // The newest first.
  // NOLINTNEXTLINE(modernize-loop-convert): clang 14 cannot read std::views
  for (auto day = all.rbegin(); day != all.rend(); ++day) {
    if (day->is != is) continue;
    if (++count <= kDaysNamed) list += (list.empty() ? "" : ", ") + day_text(day->day);
  }
  if (count == 0) return "";
  if (count > kDaysNamed) list += fmt::format(" and {} more", count - kDaysNamed);
  return fmt::format("<p class=\"note\">{}: {}</p>\n", label, list);
}

// `backticks` become code.
std::string with_code(std::string_view words) {
  std::string out;
  bool inside = false;
  for (const auto c : escaped(words)) {
    if (c != '`') {
      out += c;
      continue;
    }
    inside = !inside;
    out += inside ? "<code>" : "</code>";
  }
  return out;
}

// Ready to be copied: the words of the manual say SOURCE.
std::string with_source(std::string_view words, const std::string& source) {
  constexpr std::string_view kBlank = "SOURCE";
  std::string out(words);
  const auto name = shell_word(source);
  for (auto at = out.find(kBlank); at != std::string::npos; at = out.find(kBlank, at)) {
    out.replace(at, kBlank.size(), name);
    at += name.size();
  }
  return out;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string ago(const std::optional<Time>& time, Time now) {
  if (!time) return "never";
  const auto words = *time <= now ? format_duration(now - *time) + " ago" : format_time(*time);
  return fmt::format(R"(<time datetime="{0}" data-at="{1}" title="{0}">{2}</time>)",
                     format_time(*time), time->time_since_epoch().count(), words);
}

std::string calendar(const std::vector<CalendarDay>& all) {
  using Is = CalendarDay::Is;
  std::string out = "<div class=\"calendar\">" + months(all) + "\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    out +=
        fmt::format(R"(<i class="{}" style="grid-area:{}/{}" title="{}">{}</i>)",
                    class_of(all[i].is), i % 7 + 2, i / 7 + 1, tip_of(all[i]), sign_of(all[i].is));
    if (i % 7 == 6) out += '\n';
  }
  out +=
      "</div>\n<p class=\"key\"><i class=\"held\"></i>held<i class=\"missing\"></i>missing"
      "<i class=\"suspicious\"></i>suspicious<i></i>nothing expected; Monday is the top row, "
      "days are UTC</p>\n";
  return out + named(all, Is::kMissing, "Missing") +
         named(all, Is::kSuspicious, "Suspicious, see the alarms");
}

std::string sizes(const std::vector<CalendarDay>& all) {
  std::uint64_t most = 0;
  for (const auto& day : all) most = std::max(most, day.size_bytes);
  if (most == 0) return "";
  std::string bars;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size_bytes == 0) continue;
    // A small one is still to be seen.
    const double height =
        std::max(1.0, 58.0 * static_cast<double>(all[i].size_bytes) / static_cast<double>(most));
    bars += fmt::format(R"(<rect class="{}" x="{}" y="{:.1f}" width="3" height="{:.1f}"/>)",
                        class_of(all[i].is), i * 4, 60 - height, height);
  }
  return fmt::format(
      "<h3>Size of each night's archives</h3>\n<svg viewBox=\"0 0 {} 60\" "
      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Size of each night's archives, at "
      "most {}\">{}<line x1=\"0\" y1=\"60\" x2=\"{}\" y2=\"60\"/></svg>\n<p class=\"note\">At most "
      "{} in a night; from {} to {}</p>\n",
      all.size() * 4, format_size(most), bars, all.size() * 4, format_size(most),
      day_text(all.front().day), day_text(all.back().day));
}

std::string free_space(const DiskStatus& disk) {
  if (disk.days.size() < 2 || disk.total_bytes == 0) return "";
  const auto first = disk.days.front().day;
  const auto last = disk.days.back().day;
  if (last <= first) return "";
  std::string points;
  for (const auto& day : disk.days) {
    const double x = 360.0 * static_cast<double>((day.day - first).count()) /
                     static_cast<double>((last - first).count());
    const double free = static_cast<double>(day.free_bytes) / static_cast<double>(disk.total_bytes);
    points += fmt::format("{:.1f},{:.1f} ", x, 59 - 58 * std::clamp(free, 0.0, 1.0));
  }
  return fmt::format(
      "<h3>Free space</h3>\n<svg viewBox=\"0 0 360 60\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"Free space\"><polyline points=\"{}\"/><line x1=\"0\" y1=\"60\" x2=\"360\" "
      "y2=\"60\"/></svg>\n<p class=\"note\">From {} to {}; the top is an empty disk</p>\n",
      points, day_text(first), day_text(last));
}

std::string alarm(const store::Alarm& alarm, const std::string& source) {
  const auto critical = severity_of_alarm(alarm.kind) == Severity::kCritical;
  std::string out = fmt::format(
      "<article class=\"{}\"><h4>{} {}</h4>\n<p class=\"note\">since {}{}</p>\n<p>{}</p>\n",
      critical ? "critical" : "warning", escaped(alarm.kind), alarm.id, format_time(alarm.since),
      alarm.key.empty() ? std::string()
                        : fmt::format(", <code>{}</code>", escaped(printable_name(alarm.key))),
      escaped(alarm.message));
  const auto kind = std::find(store::kAlarmNames.begin(), store::kAlarmNames.end(), alarm.kind);
  if (kind != store::kAlarmNames.end()) {
    const auto& words = kAlarmWords[static_cast<std::size_t>(kind - store::kAlarmNames.begin())];
    out += fmt::format("<p><b>What it means:</b> {}</p>\n<p><b>What to do:</b> {}</p>\n",
                       with_code(words.means), with_code(with_source(words.to_do, source)));
    if (!words.ends.empty()) {
      out +=
          fmt::format("<p class=\"note\">It ends by itself when {}.</p>\n", with_code(words.ends));
    }
  }
  return out + "</article>\n";
}

}  // namespace agent::page
