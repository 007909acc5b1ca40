#include "agent/base/moment.h"

#include <chrono>
#include <ctime>
#include <string>

namespace agent {
namespace {

// The number that exactly these digits are.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = 10 * number + (c - '0');
  }
  return number;
}

// Seconds from "+02:00"; nullopt when it is no offset.
std::optional<std::chrono::seconds> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::seconds{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::seconds offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return text[0] == '-' ? -offset : offset;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  constexpr std::size_t kSecondsEnd = 19;
  if (text.size() <= kSecondsEnd) return std::nullopt;
  auto rest = text.substr(kSecondsEnd);
  if (rest.front() == '.') {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end);
  }
  const auto offset = parse_offset(rest);
  std::string utc(text.substr(0, kSecondsEnd));
  utc += 'Z';
  if (utc[10] == 't') utc[10] = 'T';
  const auto time = parse_time(utc);
  if (!time || !offset) return std::nullopt;
  return *time - *offset;
}

std::optional<Time> local_time(std::string_view date, int hour, int minute, int second) {
  const auto year = digits(date, 0, 4);
  const auto month = digits(date, 5, 2);
  const auto day = digits(date, 8, 2);
  if (!year || !month || !day || date[4] != '-' || date[7] != '-') return std::nullopt;
  const std::chrono::year_month_day whole{std::chrono::year{*year},
                                          std::chrono::month{static_cast<unsigned>(*month)},
                                          std::chrono::day{static_cast<unsigned>(*day)}};
  if (!whole.ok() || hour > 23 || minute > 59) return std::nullopt;
  std::tm local{};
  local.tm_year = *year - 1900;
  local.tm_mon = *month - 1;
  local.tm_mday = *day;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_sec = second;
  local.tm_isdst = -1;
  return Time{std::chrono::seconds{std::mktime(&local)}};
}

}  // namespace

std::optional<Time> parse_moment(std::string_view text) {
  constexpr std::size_t kDateEnd = 10;
  constexpr std::size_t kMinutesEnd = 16;
  if (text.size() == kDateEnd) return local_time(text, 23, 59, 59);
  if (text.size() != kMinutesEnd) return parse_rfc3339(text);
  const auto hour = digits(text, kDateEnd + 1, 2);
  const auto minute = digits(text, kDateEnd + 4, 2);
  if (!hour || !minute || text[kDateEnd] != ' ' || text[kDateEnd + 3] != ':') return std::nullopt;
  return local_time(text.substr(0, kDateEnd), *hour, *minute, 0);
}

}  // namespace agent
