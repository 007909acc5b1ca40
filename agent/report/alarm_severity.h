#pragma once

#include <string_view>

namespace agent {

/// As monitoring plugins count: the number is the exit status of `status --check`.
enum class Severity { kOk = 0, kWarning = 1, kCritical = 2, kUnknown = 3 };

/// "OK", "WARNING", "CRITICAL", "UNKNOWN".
std::string_view word_of(Severity severity);

/// How grave an open alarm of this kind is.
Severity severity_of_alarm(std::string_view kind);

}  // namespace agent
