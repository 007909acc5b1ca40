#include "agent/base/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace agent {
namespace {

// posix_spawn's two descriptions of the child.
class SpawnPlan {
 public:
  explicit SpawnPlan(const ChildStreams& streams) {
    ::posix_spawn_file_actions_init(&actions_);
    if (streams.input < 0) {
      ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions_, streams.input, STDIN_FILENO);
    }
    ::posix_spawn_file_actions_adddup2(&actions_, streams.output, STDOUT_FILENO);
    if (streams.errors >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions_, streams.errors, STDERR_FILENO);
    }
    ::posix_spawn_file_actions_addclosefrom_np(
        &actions_, streams.errors < 0 ? STDERR_FILENO : STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t set;
    sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

int spawn_child(const std::string& program, std::vector<std::string> words,
                std::vector<std::string> environment, const ChildStreams& streams, pid_t& pid) {
  const SpawnPlan plan(streams);
  return ::posix_spawn(&pid, program.c_str(), plan.actions(), plan.attributes(),
                       pointers_to(words).data(), pointers_to(environment).data());
}

int reap_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace agent
