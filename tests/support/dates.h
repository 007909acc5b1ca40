#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace test {

/// "20260101" and the days after it, as a backup of that night is named.
inline std::string date_of(int day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} +
                                         std::chrono::days{day}};
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace test
