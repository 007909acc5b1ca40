#include "agent/config/name_date.h"

#include <array>
#include <chrono>
#include <cstdint>

namespace agent::name_date {
namespace {

constexpr int kFirstYear = 2000;
constexpr int kLastYear = 2099;
// From 2010 to 2033: a number of ten digits is more often something else, as that of a telephone.
constexpr std::int64_t kFirstEpoch = 1'262'304'000;
constexpr std::int64_t kLastEpoch = 1'999'999'999;
constexpr std::int64_t kDaySeconds = 86'400;

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

constexpr bool is_separator(char c) { return c == '-' || c == '_' || c == '.' || c == ' '; }

std::optional<Date> made(int year, int month, int day, std::size_t end, std::string form,
                         char separator) {
  if (year < kFirstYear || year > kLastYear || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Date{
      end,  std::move(form), separator, std::chrono::sys_days{date}.time_since_epoch().count(),
      year, month,           true,      false};
}

std::string spelled(char separator, std::string_view first, std::string_view second,
                    std::string_view third) {
  const std::string between(separator == '\0' ? 0 : 1, separator);
  std::string form(first);
  form += between;
  form += second;
  form += between;
  return form += third;
}

struct Month {
  int number = 0;
  std::size_t end = 0;
};

// "Jan" or "January".
std::optional<Month> month_at(std::string_view name, std::size_t at) {
  constexpr std::size_t kShort = 3;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    for (const auto word : {kMonths[i], kMonths[i].substr(0, kShort)}) {
      const auto end = at + word.size();
      if (has_word(name, at, word) && !is_letter(char_at(name, end))) {
        return Month{static_cast<int>(i) + 1, end};
      }
    }
  }
  return std::nullopt;
}

// "20260131", with the time where it is written on.
std::optional<Date> compact(std::string_view name, std::size_t at, std::size_t digits) {
  auto date = made(number_at(name, at, 4), number_at(name, at + 4, 2), number_at(name, at + 6, 2),
                   at + digits, "YYYYMMDD", '\0');
  if (!date || digits == 8) return date;
  const bool valid = number_at(name, at + 8, 2) < 24 &&
                     (digits < 12 || number_at(name, at + 10, 2) < 60) &&
                     (digits < 14 || number_at(name, at + 12, 2) < 60);
  if (!valid) return std::nullopt;
  date->form += std::string_view("hhmmssfff").substr(0, digits - 8);
  date->may_have_time = false;
  return date;
}

std::optional<Date> epoch(std::string_view name, std::size_t at, std::size_t digits) {
  constexpr std::size_t kSeconds = 10;
  std::int64_t seconds = 0;
  for (const char c : name.substr(at, kSeconds)) seconds = seconds * 10 + (c - '0');
  if (seconds < kFirstEpoch || seconds > kLastEpoch) return std::nullopt;
  Date date;
  date.end = at + digits;
  date.form = digits == kSeconds ? "epoch" : "epoch-ms";
  date.day = seconds / kDaySeconds;
  date.may_have_time = false;
  return date;
}

// "2026-W05", "2026W05", "2026-W05-3".
std::optional<Date> week(std::string_view name, std::size_t at) {
  const bool dashed = char_at(name, at + 4) == '-';
  const auto letter = at + (dashed ? 5 : 4);
  if (char_at(name, letter) != 'W' || digits_at(name, letter + 1) != 2) return std::nullopt;
  const int number = number_at(name, letter + 1, 2);
  auto date = made(number_at(name, at, 4), 1, 4, letter + 3, dashed ? "YYYY-Www" : "YYYYWww", '-');
  if (!date || number < 1 || number > 53) return std::nullopt;
  date->day += 7 * (number - 1);
  const auto day = char_at(name, date->end + 1);
  if (dashed && char_at(name, date->end) == '-' && digits_at(name, date->end + 1) == 1 &&
      day >= '1' && day <= '7') {
    date->end += 2;
    date->form += "-d";
  }
  date->may_have_time = false;
  date->year = 0;
  return date;
}

// "2026-01-31", and with any other separator; "2026-Jan-31".
std::optional<Date> year_first(std::string_view name, std::size_t at) {
  if (auto found = week(name, at)) return found;
  const char separator = char_at(name, at + 4);
  if (!is_separator(separator) && separator != '/') {
    const auto month = month_at(name, at + 4);
    if (!month || digits_at(name, month->end) != 2) return std::nullopt;
    return made(number_at(name, at, 4), month->number, number_at(name, month->end, 2),
                month->end + 2, "YYYYMonDD", '\0');
  }
  // The end of an address or a version is no date.
  if (separator == '.' && at >= 2 && name[at - 1] == '.' && is_digit(name[at - 2])) {
    return std::nullopt;
  }
  const auto month = month_at(name, at + 5);
  const bool by_name = month.has_value();
  if (!by_name && digits_at(name, at + 5) != 2) return std::nullopt;
  const auto after = by_name ? month->end : at + 7;
  if (char_at(name, after) != separator || digits_at(name, after + 1) != 2) return std::nullopt;
  const std::string form =
      by_name ? spelled(separator, "YYYY", "Mon", "DD") : spelled(separator, "YYYY", "MM", "DD");
  return made(number_at(name, at, 4), by_name ? month->number : number_at(name, at + 5, 2),
              number_at(name, after + 1, 2), after + 3, form, separator);
}

// "31-Jan-2026", "31Jan2026", "31.01.2026", "01-31-2026"; with a time next to it "1.31.2026" too.
std::optional<Date> day_first(std::string_view name, std::size_t at, std::size_t digits) {
  const char separator = char_at(name, at + digits);
  const bool separated = is_separator(separator);
  const auto second = at + digits + (separated ? 1 : 0);
  const int first = number_at(name, at, digits);
  if (const auto month = month_at(name, second)) {
    const bool same = !separated || char_at(name, month->end) == separator;
    const auto year = month->end + (separated ? 1 : 0);
    if (!same || digits_at(name, year) != 4) return std::nullopt;
    return made(number_at(name, year, 4), month->number, first, year + 4,
                spelled(separated ? separator : '\0', "DD", "Mon", "YYYY"), separator);
  }
  const auto second_digits = digits_at(name, second);
  const auto third = second + second_digits + 1;
  const bool dates = separated && (second_digits == 1 || second_digits == 2) &&
                     char_at(name, third - 1) == separator && digits_at(name, third) == 4;
  if (!dates) return std::nullopt;
  if (separator == '.' && at >= 2 && name[at - 1] == '.' && is_digit(name[at - 2])) {
    return std::nullopt;
  }
  const int other = number_at(name, second, second_digits);
  const int year = number_at(name, third, 4);
  const auto form = spelled(separator, "DD", "MM", "YYYY");
  auto date = made(year, other, first, third + 4, form, separator);
  if (!date) date = made(year, first, other, third + 4, form, separator);
  if (!date) return std::nullopt;
  date->year = 0;
  date->needs_time = digits + second_digits < 4;
  return date;
}

// "Jan-31-2026", "January 31, 2026".
std::optional<Date> month_first(std::string_view name, std::size_t at) {
  const auto month = month_at(name, at);
  if (!month || !is_separator(char_at(name, month->end))) return std::nullopt;
  const auto day = month->end + 1;
  const auto digits = digits_at(name, day);
  if (digits < 1 || digits > 2) return std::nullopt;
  auto after = day + digits;
  if (char_at(name, after) == ',') ++after;
  if (!is_separator(char_at(name, after)) || digits_at(name, after + 1) != 4) return std::nullopt;
  return made(number_at(name, after + 1, 4), month->number, number_at(name, day, digits), after + 5,
              "Mon-DD-YYYY", char_at(name, after));
}

// "year=2026/month=01/day=31".
std::optional<Date> partition(std::string_view name, std::size_t at) {
  constexpr std::string_view kYear = "year=";
  constexpr std::string_view kMonth = "/month=";
  constexpr std::string_view kDay = "/day=";
  if (!has_word(name, at, kYear)) return std::nullopt;
  const auto year = at + kYear.size();
  if (digits_at(name, year) != 4 || !has_word(name, year + 4, kMonth)) return std::nullopt;
  const auto month = year + 4 + kMonth.size();
  const auto month_digits = digits_at(name, month);
  const auto after = month + month_digits;
  if (month_digits < 1 || month_digits > 2 || !has_word(name, after, kDay)) return std::nullopt;
  const auto day = after + kDay.size();
  const auto day_digits = digits_at(name, day);
  if (day_digits < 1 || day_digits > 2) return std::nullopt;
  return made(number_at(name, year, 4), number_at(name, month, month_digits),
              number_at(name, day, day_digits), day + day_digits, "year/month/day", '/');
}

}  // namespace

std::optional<Date> date_at(std::string_view name, std::size_t at) {
  if (!is_digit(char_at(name, at))) {
    if (auto found = month_first(name, at)) return found;
    return partition(name, at);
  }
  const auto digits = digits_at(name, at);
  switch (digits) {
    case 1:
    case 2:
      return day_first(name, at, digits);
    case 4:
      return year_first(name, at);
    case 8:
    case 12:
    case 14:
    case 17:
      return compact(name, at, digits);
    case 10:
      if (auto hourly = compact(name, at, digits)) return hourly;
      return epoch(name, at, digits);
    case 13:
      return epoch(name, at, digits);
    default:
      return std::nullopt;
  }
}

}  // namespace agent::name_date
