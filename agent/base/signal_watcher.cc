#include "agent/base/signal_watcher.h"

#include <pthread.h>

#include <csignal>

namespace agent {
namespace {

// Sent by ourselves to end the waiting; ignored by everybody unless blocked and waited for.
constexpr int kWakeUp = SIGURG;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kWakeUp);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(StopFlag& stop) {
  const auto set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([&stop, set] {
    int signal = 0;
    while (sigwait(&set, &signal) == 0 && signal != kWakeUp) stop.store(true);
  });
}

SignalWatcher::~SignalWatcher() {
  pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

}  // namespace agent
