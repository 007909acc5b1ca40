#include "s3client/dates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace s3 {
namespace {

/// nullopt unless text[at, at + count) is there and all digits.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::optional<ServerDate> combine(std::optional<unsigned> year, std::optional<unsigned> month,
                                  std::optional<unsigned> day, std::string_view clock) {
  const auto hour = digits(clock, 0, 2);
  const auto minute = digits(clock, 3, 2);
  const auto second = digits(clock, 6, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (clock[2] != ':' || clock[5] != ':') return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  const auto day_count = std::chrono::sys_days{date}.time_since_epoch();
  return ServerDate{day_count + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
                    std::chrono::seconds{*second}};
}

std::optional<unsigned> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

}  // namespace

std::string amz_timestamp(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<ServerDate> parse_http_date(std::string_view text) {
  constexpr std::size_t kLength = 29;
  if (text.size() != kLength || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ') {
    return std::nullopt;
  }
  return combine(digits(text, 12, 4), month_number(text.substr(8, 3)), digits(text, 5, 2),
                 text.substr(17, 8));
}

std::optional<ServerDate> parse_iso8601(std::string_view text) {
  constexpr std::size_t kToSeconds = 19;
  if (text.size() <= kToSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T') {
    return std::nullopt;
  }
  std::string_view rest = text.substr(kToSeconds);
  if (rest.front() == '.') {
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  }
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  return combine(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), text.substr(11, 8));
}

std::string http_date(ServerDate time) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = sys_seconds{time.time_since_epoch()};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.at(weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                     kMonths.at(static_cast<unsigned>(date.month()) - 1),
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace s3
