#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/report/calendar.h"
#include "agent/status/status.h"

// What the page is made of; each function gives whole HTML elements.
namespace agent::page {

extern const std::string_view kStyle;
/// Turns the page when the last success grows old, and times into ages.
extern const std::string_view kScript;

/// Fit for HTML text and for attributes in double quotes, whatever it is.
std::string escaped(std::string_view text);

/// A time that the script shows as an age: "3h ago".
std::string ago(const std::optional<Time>& time, Time now);

/// The last thirteen weeks, a square for each day, and in words what is missing or suspicious.
std::string calendar(const std::vector<CalendarDay>& all);

/// A bar for each day, as high as what is held of it.
std::string sizes(const std::vector<CalendarDay>& all);

/// How much was free, as a line.
std::string free_space(const DiskStatus& disk);

/// An alarm: what it says, what such an alarm means, and what to do.
std::string alarm(const store::Alarm& alarm, const std::string& source);

}  // namespace agent::page
