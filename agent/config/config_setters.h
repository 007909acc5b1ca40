#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/units.h"
#include "agent/config/series.h"

namespace agent {

/// What is wrong with the value of a configuration key, as a sentence; nullopt: it is right, and
/// was stored. Every set_...() below leaves `into` as it was when it complains.
using Complaint = std::optional<std::string>;

inline constexpr std::string_view kSizeForm = "a size (such as 512, 64K, 10M, 2G or 1T)";
inline constexpr std::string_view kDurationForm =
    "a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)";
inline constexpr std::string_view kShareForm = "a percentage above 0% and up to 100% (such as 20%)";
inline constexpr std::string_view kYesNoForm = "yes or no";

/// `wanted` says what a right value is: "a size".
template <typename T>
Complaint store_parsed(T& into, const std::optional<T>& parsed, const std::string& value,
                       std::string_view wanted) {
  if (!parsed) return fmt::format("\"{}\" is not {}", value, wanted);
  into = *parsed;
  return std::nullopt;
}

/// Any text is right.
Complaint set_text(std::string& into, const std::string& value);
/// A number from `low` to `high`.
Complaint set_count(unsigned& into, const std::string& value, unsigned low, unsigned high);
/// How many a keep rule keeps: a number up to 10,000.
Complaint set_kept(unsigned& into, const std::string& value);
/// A list of globs with commas between. It appends, up to the first that is wrong.
Complaint set_globs(std::vector<std::string>& into, std::string_view value);
/// An absolute path.
Complaint set_path(std::string& into, const std::string& value);
/// A percentage above 0, or "off".
Complaint set_tripwire(std::optional<double>& into, const std::string& value);
Complaint set_series(Series& into, const std::string& value);

template <typename T>
using Choices = std::initializer_list<std::pair<std::string_view, T>>;

/// One of a few words.
template <typename T>
Complaint set_choice(T& into, const std::string& value, Choices<T> choices) {
  std::string wanted;
  for (const auto& choice : choices) {
    if (value == choice.first) {
      into = choice.second;
      return std::nullopt;
    }
    const bool last = &choice == choices.end() - 1;
    wanted += fmt::format("{}{}", wanted.empty() ? "" : last ? " or " : ", ", choice.first);
  }
  return fmt::format("\"{}\" is not {}", value, wanted);
}

/// A duration above 0: zero would be an alarm, or a scrub of everything, at every run.
template <typename Period>
Complaint set_period(Period& into, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || duration->count() == 0) {
    return fmt::format("\"{}\" is not {}", value, kDurationForm);
  }
  into = *duration;
  return std::nullopt;
}

/// Likewise, but not in minutes: whoever writes "6m" for an age means months, and taken as minutes
/// it would remove nearly everything.
template <typename Period>
Complaint set_age(Period& into, const std::string& value) {
  const bool is_minutes = value.ends_with('m') && parse_duration(value);
  if (is_minutes) return fmt::format("\"{}\": minutes? write {}o", value, value);
  return set_period(into, value);
}

}  // namespace agent
