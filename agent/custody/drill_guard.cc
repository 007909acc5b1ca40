#include "agent/custody/drill_guard.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

// Between fork and exec, and in a process that had threads: nothing here allocates, locks or
// throws.
namespace agent {
namespace {

constexpr int kLowestNice = 19;
// What <linux/ioprio.h> calls IOPRIO_WHO_PROCESS and the class idle; see
// store/disk/posix_priority.cc.
constexpr int kWhoProcess = 1;
constexpr int kIdle = 3 << 13;
constexpr int kGraceSeconds = 3;
constexpr int kMaxRounds = 50;  // of a tenth of a second
constexpr rlim_t kMaxFiles = 4096;
constexpr rlim_t kMaxProcesses = 512;

void send(int report, GuardReport::What what, int number) {
  const GuardReport made{what, number};
  // NOLINTNEXTLINE(bugprone-unused-return-value): who should read it may be gone
  if (::write(report, &made, sizeof made) < 0) return;
}

void close_from(int first, int keep_1, int keep_2) {
  const int low = std::min(keep_1, keep_2);
  const int high = std::max(keep_1, keep_2);
  const auto close_range = [](int from, int to) {
    if (from <= to) {
      ::syscall(SYS_close_range, static_cast<unsigned>(from), static_cast<unsigned>(to), 0U);
    }
  };
  constexpr int kLast = 0x7fffffff;
  if (low >= first) {
    close_range(first, low - 1);
    close_range(low + 1, high - 1);
  } else {
    close_range(first, high - 1);
  }
  close_range(std::max(first, high + 1), kLast);
}

void limit(decltype(RLIMIT_CORE) resource, rlim_t most) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return;
  now.rlim_max = std::min(now.rlim_max, most);
  now.rlim_cur = std::min(now.rlim_cur, now.rlim_max);
  ::setrlimit(resource, &now);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(const GuardPlan& plan) {
  if (!plan.changes_user) return true;
  return ::setgroups(plan.group_count, plan.groups) == 0 &&
         ::setresgid(plan.group, plan.group, plan.group) == 0 &&
         ::setresuid(plan.user, plan.user, plan.user) == 0;
}

[[noreturn]] void be_command(const GuardPlan& plan, int report) {
  const auto give_up = [&](GuardReport::What what) {
    send(report, what, errno);
    ::_exit(127);
  };
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.output, STDERR_FILENO);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kMaxFiles);
  if (plan.changes_user) limit(RLIMIT_NPROC, kMaxProcesses);
  if (!become(plan)) give_up(GuardReport::What::kNoUser);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::chdir(plan.directory) != 0) give_up(GuardReport::What::kNoDirectory);
  ::umask(S_IWGRP | S_IRWXO);
  // The report closes when the command starts.
  ::fcntl(report, F_SETFD, FD_CLOEXEC);
  close_from(STDERR_FILENO + 1, report, report);
  reset_signals();
  ::execve(plan.arguments[0], plan.arguments, plan.environment);
  give_up(GuardReport::What::kNotStarted);
  ::_exit(127);
}

// The numbers of our children, as /proc has them: "12 34 56 ". None of them is anybody else's
// before we have waited for it. False where there is no such list.
bool signal_children(int signal) {
  const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (list < 0) return false;
  std::array<char, 4096> text{};
  pid_t number = 0;
  for (auto got = ::read(list, text.data(), text.size()); got > 0;
       got = ::read(list, text.data(), text.size())) {
    for (ssize_t i = 0; i < got; ++i) {
      const char c = text[static_cast<std::size_t>(i)];
      if (c >= '0' && c <= '9') {
        number = number * 10 + (c - '0');
      } else if (number > 1) {
        ::kill(number, signal);
        number = 0;
      }
    }
  }
  ::close(list);
  return true;
}

timespec now_in(int seconds) {
  timespec when{};
  ::clock_gettime(CLOCK_MONOTONIC, &when);
  when.tv_sec += seconds;
  return when;
}

bool is_past(const timespec& when) {
  const auto now = now_in(0);
  return now.tv_sec > when.tv_sec || (now.tv_sec == when.tv_sec && now.tv_nsec >= when.tv_nsec);
}

class Guard {
 public:
  explicit Guard(pid_t command) : command_(command) {}

  // Until the command ends, or SIGTERM.
  void wait_for_command(const sigset_t& signals) {
    while (reap() && !has_ended_) {
      if (next_signal(signals) == SIGTERM) return end_softly(signals);
    }
  }

  // Whoever loses their parent becomes our child: in the end all of them are. What is left has no
  // more to do.
  void end_all(const sigset_t& signals) {
    for (int without_list = 0; reap() && without_list < kMaxRounds;) {
      if (!signal_children(SIGKILL)) {
        signal_session(SIGKILL);
        ++without_list;
      }
      if (reap()) next_signal(signals);
    }
  }

  int status() const { return status_; }
  bool has_ended() const { return has_ended_; }

 private:
  // The number of one that has ended may be another's by now.
  void signal_session(int signal) const {
    if (!has_ended_) ::kill(-command_, signal);
  }

  void end_softly(const sigset_t& signals) {
    signal_session(SIGTERM);
    signal_children(SIGTERM);
    const auto until = now_in(kGraceSeconds);
    while (reap() && !is_past(until)) next_signal(signals);
  }

  static int next_signal(const sigset_t& signals) {
    const timespec nap{0, 100'000'000};
    return ::sigtimedwait(&signals, nullptr, &nap);
  }

  // False when there is nobody left.
  bool reap() {
    while (true) {
      int status = 0;
      const auto gone = ::waitpid(-1, &status, WNOHANG);
      if (gone == 0) return true;
      if (gone < 0 && errno == EINTR) continue;
      if (gone < 0) return false;
      if (gone != command_) continue;
      status_ = status;
      has_ended_ = true;
    }
  }

  const pid_t command_;
  int status_ = 0;
  bool has_ended_ = false;
};

sigset_t block_signals() {
  reset_signals();
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGCHLD);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  return waited;
}

}  // namespace

void guard_command(const GuardPlan& plan) {
  const auto signals = block_signals();
  ::setsid();
  ::setpriority(PRIO_PROCESS, 0, kLowestNice);
  ::syscall(SYS_ioprio_set, kWhoProcess, 0, kIdle);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != plan.parent) ::_exit(1);
  const auto command = ::fork();
  if (command == 0) be_command(plan, plan.report);
  if (command < 0) {
    send(plan.report, GuardReport::What::kNotStarted, errno);
    ::_exit(1);
  }
  close_from(STDERR_FILENO + 1, plan.report, plan.lock);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(standard);
  Guard guard(command);
  guard.wait_for_command(signals);
  guard.end_all(signals);
  const int status = guard.status();
  // One that was never started has said so itself, first.
  if (WIFSIGNALED(status)) {
    send(plan.report, GuardReport::What::kSignalled, WTERMSIG(status));
  } else {
    send(plan.report, GuardReport::What::kExited, WEXITSTATUS(status));
  }
  ::_exit(0);
}

}  // namespace agent
