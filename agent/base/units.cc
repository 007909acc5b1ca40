#include "agent/base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

#include "s3client/dates.h"

namespace agent {
namespace {

// Splits "26h" into 26 and "h"; nullopt when there is no number in front.
std::optional<std::pair<std::uint64_t, std::string_view>> number_and_unit(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

// A month and a year are what people mean by them: no calendar is asked.
std::optional<std::uint64_t> seconds_in(std::string_view unit) {
  constexpr std::uint64_t kDay = 86'400;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits = {
      {{"s", 1},
       {"m", 60},
       {"h", 3600},
       {"d", kDay},
       {"w", 7 * kDay},
       {"mo", 30 * kDay},
       {"y", 365 * kDay}}};
  for (const auto& [name, seconds] : kUnits) {
    if (unit == name) return seconds;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> multiply(std::uint64_t number, std::uint64_t factor) {
  if (number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto split = number_and_unit(text);
  if (!split) return std::nullopt;
  const auto& [number, unit] = *split;
  if (unit.empty()) return number;
  constexpr std::string_view kUnits = "KMGT";
  const auto power = kUnits.find(unit.front());
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  return multiply(number, std::uint64_t{1} << (10 * (power + 1)));
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto split = number_and_unit(text);
  if (!split) return std::nullopt;
  const auto& [number, unit] = *split;
  if (unit.empty()) {
    if (number == 0) return std::chrono::seconds{0};
    return std::nullopt;
  }
  const auto factor = seconds_in(unit);
  if (!factor) return std::nullopt;
  // A century is beyond any use, and keeps sums of times far from overflow.
  constexpr std::uint64_t kLongestSeconds = std::uint64_t{100} * 366 * 86'400;
  const auto seconds = multiply(number, *factor);
  if (!seconds || *seconds > kLongestSeconds) return std::nullopt;
  return std::chrono::seconds{static_cast<std::int64_t>(*seconds)};
}

std::optional<bool> parse_yes_no(std::string_view text) {
  for (const std::string_view yes : {"yes", "true", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"no", "false", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t low,
                                          std::uint64_t high) {
  const auto split = number_and_unit(text);
  if (!split || !split->second.empty() || split->first < low || split->first > high) {
    return std::nullopt;
  }
  return split->first;
}

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  // from_chars would take "nan" and "inf".
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double percent = 0;
  const auto* const text_end = text.data() + text.size();
  const auto [end, error] =
      std::from_chars(text.data(), text_end, percent, std::chars_format::fixed);
  if (error != std::errc() || end != text_end || percent <= 0 || percent > 100) return std::nullopt;
  return percent / 100;
}

std::string format_size(std::uint64_t size_bytes) {
  if (size_bytes == 1) return "1 byte";
  if (size_bytes < 1024) return fmt::format("{} bytes", size_bytes);
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(size_bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string format_duration(std::chrono::seconds duration) {
  const auto total = duration.count();
  if (total < 0) return "-" + format_duration(-duration);
  const auto days = total / 86'400;
  const auto hours = total / 3600 % 24;
  const auto minutes = total / 60 % 60;
  const auto seconds = total % 60;
  if (days > 0) return hours > 0 ? fmt::format("{}d {}h", days, hours) : fmt::format("{}d", days);
  if (hours > 0) {
    return minutes > 0 ? fmt::format("{}h {}m", hours, minutes) : fmt::format("{}h", hours);
  }
  if (minutes > 0) {
    return seconds > 0 ? fmt::format("{}m {}s", minutes, seconds) : fmt::format("{}m", minutes);
  }
  return fmt::format("{}s", seconds);
}

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string format_time(store::UpstreamTime time) { return format_time(at_its_word(time)); }

std::optional<Time> parse_time(std::string_view text) {
  constexpr std::size_t kBytes = 20;
  if (text.size() != kBytes) return std::nullopt;
  const auto date = s3::parse_iso8601(text);
  if (!date) return std::nullopt;
  return Time{date->time_since_epoch()};
}

}  // namespace agent
