#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/base/result.h"
#include "agent/base/threads.h"

namespace agent {

/// Tells a service that expects to hear of each run, such as healthchecks.io: `URL/start`, then
/// `URL` for exit status 0 and `URL/fail` for any other. The exit status stands in the request's
/// User-Agent; nothing else leaves this machine. Each ping has 10 seconds, the first beside the
/// run's own work. agent/report/watch.h says of which runs it hears.
class Ping {
 public:
  Ping(const Environment& environment, std::string url);
  ~Ping();
  Ping(const Ping&) = delete;
  Ping& operator=(const Ping&) = delete;

  /// Returns at once.
  void started();
  /// The error is a sentence, and does not name the URL, which is a secret; of the first ping it
  /// says nothing. One that is under way is ended within a second or so.
  Result<void> ended(ExitStatus exit);

 private:
  Result<void> send(const std::string& suffix, const std::string& remark,
                    std::chrono::milliseconds limit) const;
  void end_first();

  const Environment& environment_;
  const std::string url_;
  std::atomic<bool> give_up_{false};
  Threads first_;  ///< one; none where the system has no thread for it
};

}  // namespace agent
