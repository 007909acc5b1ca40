#include "agent/config/name_time.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/config/name_date.h"

namespace agent {
namespace {

using name_date::char_at;
using name_date::is_digit;
using name_date::is_letter;

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_uuid(std::string_view text) {
  constexpr std::size_t kLength = 36;
  if (text.size() < kLength) return false;
  for (std::size_t i = 0; i < kLength; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// Digits in a hash or a UUID may look like anything.
bool is_within_hash(std::string_view name, std::size_t begin, std::size_t end) {
  constexpr std::size_t kShortestHash = 16;
  constexpr std::size_t kUuidBeforeLast = 24;
  auto first = begin;
  while (first > 0 && is_hex(name[first - 1])) --first;
  auto last = end;
  while (is_hex(char_at(name, last))) ++last;
  const bool lettered = first < begin || last > end;
  if (lettered && last - first >= kShortestHash) return true;
  return is_uuid(name.substr(first)) ||
         (first >= kUuidBeforeLast && is_uuid(name.substr(first - kUuidBeforeLast)));
}

constexpr std::array<std::string_view, 14> kWeekdays = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "mon",    "tue",     "wed",       "thu",      "fri",    "sat",      "sun"};

bool is_gap(char c) { return c == '-' || c == '_' || c == '.' || c == ' ' || c == ','; }

// The name of the day before a date or after it is part of it.
void read_weekday(std::string_view name, NameTime& time) {
  for (const auto day : kWeekdays) {
    const auto before = day.size() + 1;
    if (time.begin >= before && is_gap(name[time.begin - 1]) &&
        name_date::has_word(name, time.begin - before, day) &&
        !(time.begin > before && is_letter(name[time.begin - before - 1]))) {
      time.begin -= before;
      time.form.insert(0, "ddd-");
      return;
    }
    const auto end = time.end + 1 + day.size();
    if (is_gap(char_at(name, time.end)) && name_date::has_word(name, time.end + 1, day) &&
        !is_letter(char_at(name, end)) && !is_digit(char_at(name, end))) {
      time.end = end;
      time.form += "-ddd";
      return;
    }
  }
}

std::optional<NameTime> time_at(std::string_view name, std::size_t at) {
  const char before = at == 0 ? '\0' : name[at - 1];
  const bool digit = is_digit(name[at]);
  if (digit ? is_digit(before) : !is_letter(name[at]) || is_letter(before)) return std::nullopt;
  auto date = name_date::date_at(name, at);
  if (!date) return std::nullopt;
  if (digit && is_within_hash(name, at, at + name_date::digits_at(name, at))) return std::nullopt;
  NameTime time{at, date->end, std::move(date->form), date->day, date->year, date->month};
  if (date->may_have_time) {
    if (auto of_day = name_date::time_next_to(name, date->end, date->separator)) {
      time.end = of_day->end;
      time.form += of_day->form;
    } else if (date->needs_time) {
      return std::nullopt;
    }
  }
  read_weekday(name, time);
  return time;
}

}  // namespace

std::vector<NameTime> times_in(std::string_view name) {
  std::vector<NameTime> times;
  for (std::size_t at = 0; at < name.size(); ++at) {
    auto time = time_at(name, at);
    if (!time) continue;
    if (!times.empty() && time->begin < times.back().end) continue;
    at = time->end - 1;
    times.push_back(*std::move(time));
  }
  return times;
}

}  // namespace agent
