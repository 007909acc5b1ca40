#include "agent/report/alarm_severity.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace agent {

std::string_view word_of(Severity severity) {
  constexpr std::array<std::string_view, 4> kWords = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  return kWords[static_cast<std::size_t>(severity)];
}

Severity severity_of_alarm(std::string_view kind) {
  constexpr std::array<std::string_view, 5> kCritical = {"mass-change", "corrupt", "missing",
                                                         "writable", "nothing"};
  return std::find(kCritical.begin(), kCritical.end(), kind) != kCritical.end()
             ? Severity::kCritical
             : Severity::kWarning;
}

}  // namespace agent
