#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/status/status.h"

namespace agent {

/// One day of a source's calendar.
struct CalendarDay {
  enum class Is {
    kNothing,     ///< none came, and none was to be expected
    kHeld,        ///< its archives are held
    kMissing,     ///< by how often they usually come there should be one
    kSuspicious,  ///< an open alarm is about it
  };
  std::chrono::sys_days day{};
  Is is = Is::kNothing;
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
};

/// The last `count` days up to yesterday, and today where it has something.
std::vector<CalendarDay> calendar_of(const std::vector<SourceNight>& nights,
                                     std::chrono::sys_days today, std::size_t count);

/// The day on which no more than what has to stay free is left, if it goes on as in the last
/// thirty days; nullopt: not within ten years, or too few days are known.
std::optional<std::chrono::sys_days> day_full(const DiskStatus& disk);

}  // namespace agent
