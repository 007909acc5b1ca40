#pragma once

#include <string>

#include "agent/base/environment.h"
#include "agent/base/units.h"

namespace agent {

/// A new alarm, as on_alarm is told of it.
struct HookAlarm {
  std::string source;
  std::string kind;
  std::string key;  ///< may be empty
  std::string message;
  Time since;
};

/// The command of on_alarm, in one run. `environment` and `command` outlive it.
class AlarmHook {
 public:
  AlarmHook(const Environment& environment, const std::string& command)
      : environment_(environment), command_(command) {}

  /// Runs it for one alarm, which it finds in HOLDFAST_ALARM_KIND, _SOURCE, _KEY, _MESSAGE and
  /// _SINCE (RFC 3339), with HOLDFAST_EVENT: "alarm" for a new one, "reminder" for what is still
  /// open. Each is one line of printable text, whatever is in the key. Takes at most a minute or
  /// so. The first failure is one warning, and none has another effect.
  void tell(const HookAlarm& alarm, const std::string& event = "alarm");

 private:
  const Environment& environment_;
  const std::string& command_;
  bool failed_ = false;
};

}  // namespace agent
