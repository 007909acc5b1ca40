#pragma once

#include <atomic>
#include <thread>

#include "agent/base/clock.h"

namespace agent {

/// Turns SIGINT and SIGTERM into the stop flag. Make it before any other thread: they inherit its
/// signal mask, so that no work is ever done in a handler and no system call is cut short.
/// Where no thread can be had, the two end the program, as they do without it.
class SignalWatcher {
 public:
  explicit SignalWatcher(StopFlag& stop);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  std::thread thread_;
};

}  // namespace agent
