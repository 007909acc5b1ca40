#include "agent/custody/drill_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "agent/base/child_process.h"
#include "agent/base/printable.h"
#include "agent/custody/drill_guard.h"
#include "store/disk/posix_call.h"

namespace agent {
namespace {

using store::UniqueFd;
using Ticks = std::chrono::steady_clock;

constexpr std::size_t kPrintedBytes = 4096;
constexpr int kNapMilliseconds = 100;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Where we were started without standard streams, a pipe may get their numbers.
UniqueFd above_standard(int fd) {
  UniqueFd low(fd);
  return UniqueFd(::fcntl(low.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  Pipe made{above_standard(ends[0]), above_standard(ends[1])};
  if (made.read.get() < 0 || made.write.get() < 0) return std::nullopt;
  return made;
}

// The last line that says anything.
std::string last_line(const std::string& printed) {
  constexpr std::size_t kMaxBytes = 300;
  const auto end = printed.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const auto begin = printed.find_last_of("\r\n", end);
  auto line = printed.substr(begin == std::string::npos ? 0 : begin + 1);
  line.resize(std::min(line.size(), kMaxBytes));
  line = one_line(line);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string describe(const GuardReport& report) {
  switch (report.what) {
    case GuardReport::What::kExited:
      return report.number == 0 ? std::string()
                                : fmt::format("the command ended with status {}", report.number);
    case GuardReport::What::kSignalled:
      return fmt::format("the command was ended by signal {}", report.number);
    case GuardReport::What::kNoDirectory:
      return fmt::format(
          "its user cannot reach the scratch directory ({}); name one in \"scratch\" "
          "to which everybody may go",
          std::strerror(report.number));
    case GuardReport::What::kNoUser:
      return fmt::format("the command cannot be run as its user: {}", std::strerror(report.number));
    case GuardReport::What::kNotStarted:
      return fmt::format("/bin/sh cannot be started: {}", std::strerror(report.number));
    case GuardReport::What::kNothing:
      break;
  }
  return "what became of the command is not known";
}

// The guard, and what comes from the command.
class Watched {
 public:
  Watched(pid_t guard, UniqueFd output, UniqueFd report)
      : guard_(guard), output_(std::move(output)), report_(std::move(report)) {}

  // False when it has ended.
  bool wait_a_little() {
    pollfd waiting{output_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kNapMilliseconds) > 0) read_some();
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(guard_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != guard_;
  }

  void end_all() const { ::kill(guard_, SIGTERM); }

  GuardReport finish() {
    while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
    while (output_.get() >= 0 && read_some()) {
    }
    GuardReport report;
    std::array<char, sizeof report> bytes{};
    const auto got =
        store::uninterrupted([&] { return ::read(report_.get(), bytes.data(), bytes.size()); });
    if (got == static_cast<ssize_t>(bytes.size())) {
      std::memcpy(&report, bytes.data(), bytes.size());
    }
    return report;
  }

  const std::string& printed() const { return printed_; }

 private:
  bool read_some() {
    std::array<char, kPrintedBytes> buffer{};
    const auto count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) return false;
    if (count == 0) {
      output_ = UniqueFd();
      return false;
    }
    printed_.append(buffer.data(), static_cast<std::size_t>(count));
    if (printed_.size() > kPrintedBytes) printed_.erase(0, printed_.size() - kPrintedBytes);
    return true;
  }

  const pid_t guard_;
  UniqueFd output_;
  UniqueFd report_;
  std::string printed_;
};

DrillOutcome watch(Watched& watched, const DrillCommand& command) {
  DrillOutcome outcome;
  const auto deadline = Ticks::now() + command.timeout;
  bool ended = false;
  while (watched.wait_a_little()) {
    if (ended) continue;
    if (auto why = command.must_end ? command.must_end() : std::nullopt) {
      outcome.complaint = *std::move(why);
      outcome.was_ended = true;
    } else if (Ticks::now() >= deadline) {
      outcome.complaint =
          fmt::format("the command was still running after {} s, its \"timeout\", and was killed",
                      command.timeout.count());
    } else {
      continue;
    }
    ended = true;
    watched.end_all();
  }
  const auto report = watched.finish();
  outcome.printed = watched.printed();
  if (!ended) outcome.complaint = describe(report);
  const auto said = last_line(outcome.printed);
  if (!outcome.complaint.empty() && !said.empty()) outcome.complaint += "; it said: " + said;
  return outcome;
}

DrillOutcome not_started(int error) {
  return {fmt::format("the command cannot be started: {}", std::strerror(error)), "", false};
}

}  // namespace

std::optional<SystemUser> find_system_user(const std::string& name) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  SystemUser user{name, found->pw_uid, found->pw_gid, {}};
  constexpr int kMaxGroups = 64;
  int count = kMaxGroups;
  user.groups.resize(kMaxGroups);
  if (::getgrouplist(name.c_str(), user.group, user.groups.data(), &count) < 0) count = 0;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

DrillOutcome run_drill_command(const DrillCommand& command) {
  auto output = make_pipe();
  auto report = make_pipe();
  if (!output || !report) return not_started(errno);
  if (::fcntl(output->read.get(), F_SETFL, O_NONBLOCK) != 0) return not_started(errno);
  std::vector<std::string> arguments = {"/bin/sh", "-c", command.line};
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.variables) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  const auto argument_pointers = pointers_to(arguments);
  const auto environment_pointers = pointers_to(environment);
  GuardPlan plan;
  plan.arguments = argument_pointers.data();
  plan.environment = environment_pointers.data();
  plan.directory = command.directory.c_str();
  plan.output = output->write.get();
  plan.report = report->write.get();
  plan.lock = command.lock;
  plan.parent = ::getpid();
  if (command.user) {
    plan.changes_user = true;
    plan.user = command.user->user;
    plan.group = command.user->group;
    plan.groups = command.user->groups.data();
    plan.group_count = command.user->groups.size();
  }
  const auto guard = ::fork();
  if (guard < 0) return not_started(errno);
  if (guard == 0) guard_command(plan);
  output->write = UniqueFd();
  report->write = UniqueFd();
  Watched watched(guard, std::move(output->read), std::move(report->read));
  return watch(watched, command);
}

}  // namespace agent
