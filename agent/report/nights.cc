#include <algorithm>
#include <chrono>
#include <vector>

#include "agent/report/pull_status.h"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

SourceNight& night_of(std::vector<SourceNight>& nights, sys_days day) {
  const auto at =
      std::lower_bound(nights.begin(), nights.end(), day,
                       [](const SourceNight& night, sys_days other) { return night.day < other; });
  if (at != nights.end() && at->day == day) return *at;
  return *nights.insert(at, SourceNight{day});
}

// The day of the archive that it is about; of one that is not held, the day it was raised.
sys_days day_of(store::Ledger& ledger, store::SourceId source, const store::Alarm& alarm) {
  if (!alarm.key.empty()) {
    const auto held = ledger.find(source, alarm.key);
    if (held && *held) return floor<days>(at_its_word((*held)->last_modified));
  }
  return floor<days>(alarm.since);
}

}  // namespace

void note_arrival(SourceStatus& figures, store::UpstreamTime last_modified,
                  std::uint64_t size_bytes) {
  ++figures.nights_archives;
  figures.nights_bytes += size_bytes;
  if (!figures.nights) return;
  auto& night = night_of(*figures.nights, floor<days>(at_its_word(last_modified)));
  ++night.archives;
  night.size_bytes += size_bytes;
}

void show_nights(store::Ledger& ledger, store::SourceId source, Time now, SourceStatus& figures) {
  const auto today = floor<days>(now);
  const auto first = today - kNightsKept;
  const bool counted = figures.nights && figures.nights_archives == figures.archives &&
                       figures.nights_bytes == figures.size_bytes;
  if (!counted) {
    const auto held = ledger.nights(source, first, today + days{2});
    if (!held) return;
    auto& nights = figures.nights.emplace();
    for (const auto& night : *held) nights.push_back({night.day, night.archives, night.size_bytes});
    figures.nights_archives = figures.archives;
    figures.nights_bytes = figures.size_bytes;
  }
  auto& nights = *figures.nights;
  for (auto& night : nights) night.suspicious = 0;
  for (const auto& alarm : figures.alarms) {
    ++night_of(nights, day_of(ledger, source, alarm)).suspicious;
  }
  std::erase_if(nights, [&](const SourceNight& night) {
    return night.day < first || night.day > today + days{1} ||
           night.archives + night.suspicious == 0;
  });
}

}  // namespace agent
