#include "agent/config/backup_set.h"

#include <algorithm>

namespace agent {

std::size_t own_time_of(const std::vector<NameTime>& times) {
  std::int64_t latest = times.front().day;
  for (const auto& time : times) latest = std::max(latest, time.day);
  std::size_t own = 0;
  while (latest - times[own].day > kNearTimesDays) ++own;
  return own;
}

std::string_view set_of(std::string_view key) {
  const auto times = times_in(key);
  return times.empty() ? key : key.substr(0, times[own_time_of(times)].end);
}

}  // namespace agent
