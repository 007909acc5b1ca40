#include "agent/base/signal_watcher.h"

#include <pthread.h>

#include <csignal>
#include <system_error>

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
  try {
    thread_ = std::thread([&stop, set] {
      int signal = 0;
      while (sigwait(&set, &signal) == 0 && signal != kWakeUp) stop.store(true);
    });
  } catch (const std::system_error&) {
    // Nobody would hear of them.
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
}

SignalWatcher::~SignalWatcher() {
  if (!thread_.joinable()) return;
  pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

}  // namespace agent
