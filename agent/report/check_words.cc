#include "agent/report/check_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/printable.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/success_age.h"

namespace agent {
namespace {

struct Sums {
  std::uint64_t sources = 0;
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t alarms = 0;
  std::uint64_t holds = 0;
  std::optional<Time> success;
};

Sums sums_of(const StatusReport& status, const std::string& only) {
  Sums sums;
  sums.success = status.last_success_at;
  for (const auto& source : status.sources) {
    if (!only.empty() && source.name != only) continue;
    ++sums.sources;
    sums.archives += source.archives;
    sums.size_bytes += source.size_bytes;
    sums.alarms += source.alarm_count;
    if (source.hold) ++sums.holds;
    if (!only.empty()) sums.success = source.last_success_at;
  }
  return sums;
}

// '|' would begin the numbers.
std::string plain(const std::string& text) {
  auto line = one_line(text);
  std::replace(line.begin(), line.end(), '|', '/');
  return line;
}

}  // namespace

std::string check_line(const StatusReport& status, const Present& present,
                       const Assessment& assessment, const AssessmentOptions& options) {
  const auto sums = sums_of(status, options.source);
  const auto limit = options.max_age.value_or(kStandardAge).count();
  std::string line =
      fmt::format("HOLDFAST {}: {}", word_of(assessment.severity), plain(assessment.summary));
  if (assessment.severity == Severity::kOk) {
    line += fmt::format("; {}, {}{}", counted(sums.archives, "archive", "archives"),
                        format_size(sums.size_bytes),
                        status.state == RunState::kRunning ? ", a pull is under way" : "");
  }
  const auto* const away = disk_away(status);
  if (away != nullptr) {
    line += fmt::format("; the other disk {}", plain(words_of(*away, status, present.now)));
  }
  line += " |";
  if (sums.success && *sums.success <= present.now) {
    line +=
        fmt::format(" 'last_success_age'={}s;;{};0", (present.now - *sums.success).count(), limit);
  }
  line += fmt::format(" 'alarms'={};;;0 'holds'={};;;0 'archives'={};;;0 'held'={}B;;;0",
                      sums.alarms, sums.holds, sums.archives, sums.size_bytes);
  if (away != nullptr && away->last_seen_at && *away->last_seen_at <= present.now) {
    line += fmt::format(" 'away_age'={}s;;;0", (present.now - *away->last_seen_at).count());
  }
  if (status.disk.present && status.disk.total_bytes > 0) {
    line += fmt::format(" 'disk_free'={}B;;;0;{}", status.disk.free_bytes, status.disk.total_bytes);
  }
  return line;
}

}  // namespace agent
