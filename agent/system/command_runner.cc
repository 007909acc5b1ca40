#include "agent/system/command_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "agent/base/child_process.h"
#include "agent/base/log.h"
#include "store/disk/posix_call.h"

namespace agent {
namespace {

using Ticks = std::chrono::steady_clock;
using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::seconds kGrace{2};
constexpr std::chrono::milliseconds kLongestNap{20};
constexpr std::size_t kTailBytes = 500;

std::string not_started(int error) {
  return fmt::format("/bin/sh cannot be started: {}", std::strerror(error));
}

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kSecrets = {
      "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CREDENTIALS_DIRECTORY"};
  return std::find(kSecrets.begin(), kSecrets.end(), name) != kSecrets.end();
}

std::vector<std::string> child_environment(const Variables& variables) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(variables.begin(), variables.end(),
                                      [&](const auto& added) { return added.first == name; });
    if (!replaced && !is_secret(name)) all.emplace_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

// A started command. Its first process is not waited for before the end: as long as it is there,
// if only as a zombie, nobody else's process group can have its number.
class Running {
 public:
  Running(pid_t pid, store::UniqueFd& output) : pid_(pid), output_(output) {}

  bool ended() const { return has_ended(pid_); }
  bool silent() const { return output_.get() < 0; }

  // Until `is_over` or the deadline; false when that was first.
  template <typename Condition>
  bool wait(Ticks::time_point deadline, Condition is_over) {
    while (!is_over()) {
      if (Ticks::now() >= deadline) return false;
      pollfd waiting{output_.get(), POLLIN, 0};  // a negative descriptor makes it a nap
      if (::poll(&waiting, 1, static_cast<int>(kLongestNap.count())) > 0) read_some();
    }
    return true;
  }

  void signal_all(int signal) const { ::kill(-pid_, signal); }

  // What lies in the pipe, and not what a process in the background may add for ever.
  void drain() {
    constexpr int kReadsOfAFullPipe = 17;
    for (int i = 0; i < kReadsOfAFullPipe && !silent() && read_some(); ++i) {
    }
  }

  std::string last_words() const {
    auto text = one_line(tail_);
    text.erase(std::min(text.find_last_not_of(' ') + 1, text.size()));
    return text.empty() ? "" : fmt::format("; it said: {}", text);
  }

 private:
  bool read_some() {
    std::array<char, 4096> buffer;
    const auto count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) return false;
    if (count == 0) {
      output_ = store::UniqueFd();
      return false;
    }
    tail_.append(buffer.data(), static_cast<std::size_t>(count));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    return true;
  }

  const pid_t pid_;
  store::UniqueFd& output_;
  std::string tail_;
};

void end_all(Running& running) {
  running.signal_all(SIGTERM);
  running.wait(Ticks::now() + kGrace, [&] { return running.ended() && running.silent(); });
  running.signal_all(SIGKILL);
}

std::string describe(int status) {
  if (status == -1) return "its exit status is lost";
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  return fmt::format("it ended with status {}", WEXITSTATUS(status));
}

}  // namespace

Result<void> run_shell_command(const std::string& command, const Variables& variables,
                               std::chrono::seconds timeout, const StopFlag* stop) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return not_started(errno);
  store::UniqueFd output(ends[0]);
  store::UniqueFd low_input(ends[1]);
  // Where we were started without standard streams, the pipe may have got their numbers.
  store::UniqueFd input(::fcntl(low_input.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  low_input = store::UniqueFd();
  if (input.get() < 0 || ::fcntl(output.get(), F_SETFL, O_NONBLOCK) != 0) return not_started(errno);
  pid_t pid = 0;
  const int error = spawn_child("/bin/sh", {"/bin/sh", "-c", command}, child_environment(variables),
                                {-1, input.get(), input.get()}, pid);
  if (error != 0) return not_started(error);
  input = store::UniqueFd();

  Running running(pid, output);
  const auto stopped = [&] { return stop != nullptr && stop->load(); };
  const bool in_time = running.wait(Ticks::now() + timeout, [&] {
    return running.ended() || stopped();
  }) && running.ended();
  if (!in_time) end_all(running);
  const int status = reap_child(pid);
  running.drain();
  if (!in_time && stopped()) {
    return fmt::format("it was ended because holdfast was told to stop{}", running.last_words());
  }
  if (!in_time) {
    return fmt::format("it was still running after {} s, and was killed{}", timeout.count(),
                       running.last_words());
  }
  if (status != 0) return describe(status) + running.last_words();
  return {};
}

}  // namespace agent
