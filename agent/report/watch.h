#pragma once

#include <optional>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/config/config.h"
#include "agent/report/ping.h"
#include "agent/report/told.h"
#include "agent/report/when_to_tell.h"
#include "agent/status/status.h"

namespace agent {

/// Has people hear of how pulls end: pings, runs `on_failure` when a run begins to fail and when
/// that is over, and reminds of what stays as it is; agent/report/when_to_tell.h says when. Nothing
/// that goes wrong here delays a backup or changes how it ends: it is a warning at most.
class Watch {
 public:
  /// `settings` and `environment` outlive it.
  Watch(const Config& settings, const Environment& environment);

  /// The run has the disk, and begins.
  void started();
  /// The last word, when nothing of the mirror is open any more.
  void ended(const StatusReport& status, ExitStatus exit);
  /// The run ended before it could write a status, as with a wrong configuration.
  void ended_early(ExitStatus exit, const std::string& message);

 private:
  std::string told_path() const;
  Told recall() const;
  void remember(const Told& before, const Told& now) const;
  void remind(Told& told, const StatusReport& status) const;
  void ping(Told& told, ExitStatus exit);

  const Config& settings_;
  const Environment& environment_;
  Ping ping_;
};

/// Of a configuration that cannot be used: what of [agent] tells people, as far as it can be read,
/// and nothing else. Commands are left out where others can write the file.
Config salvage_watch(const std::string& path);

}  // namespace agent
