#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/result.h"
#include "agent/status/status.h"

namespace agent {

/// How often the status file is written anew while a pull works.
inline constexpr std::chrono::seconds kStatusInterval{10};

/// The status of the run under way, and its file. Thread-safe.
class StatusBoard {
 public:
  using Write = std::function<Result<void>(const std::string& json)>;

  StatusBoard(StatusReport status, Write write, Log& log)
      : status_(std::move(status)), write_(std::move(write)), log_(log) {}

  template <typename Change>
  void update(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

  StatusReport snapshot() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  /// Replaces the status file. A failure is reported once and does not fail the run: the mirror
  /// matters more, and `status --check` notices a file that grows old.
  void publish();

 private:
  mutable std::mutex mutex_;
  std::mutex write_mutex_;
  StatusReport status_;
  const Write write_;
  Log& log_;
  bool failure_reported_ = false;
};

}  // namespace agent
