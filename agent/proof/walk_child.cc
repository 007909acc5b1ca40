#include "agent/proof/walk_child.h"

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
#include <utility>
#include <vector>

#include "agent/base/child_process.h"
#include "agent/base/printable.h"
#include "agent/base/units.h"
#include "agent/proof/walk_answer.h"
#include "store/disk/posix_call.h"
#include "store/disk/posix_file.h"

namespace agent {
namespace {

using Ticks = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestNap{20};

// Above the numbers that it gets in the child, so that none is overwritten before it is copied.
int copy_above(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }

WalkAnswer undecided(WalkAnswer::Cause cause, std::string why) {
  WalkAnswer answer;
  answer.cause = cause;
  answer.why = std::move(why);
  return answer;
}

WalkAnswer not_started(int error) {
  return undecided(WalkAnswer::Cause::kUnable,
                   fmt::format("the walk cannot be started: {}", std::strerror(error)));
}

// A child that walks. It is waited for once, after it was seen to have ended or was killed.
class WalkingChild {
 public:
  WalkingChild(pid_t pid, int answer) : pid_(pid), answer_(answer) {}

  enum class End { kAnswered, kLate, kHalted };
  End wait(Ticks::time_point deadline, const Halt& halt) {
    while (!is_over_) {
      if (halt.load()) return End::kHalted;
      if (Ticks::now() >= deadline) return End::kLate;
      pollfd waiting{answer_, POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(kLongestNap.count())) > 0) read_some();
    }
    return End::kAnswered;
  }

  // What it answered stands in the pipe by now; whatever else it does is of no use.
  int end() const {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    return reap_child(pid_);
  }
  // Its end of the pipe is closed, so that it is about to end by itself.
  int end_after(Ticks::time_point deadline) const {
    while (Ticks::now() < deadline) {
      if (has_ended(pid_)) return reap_child(pid_);
      ::poll(nullptr, 0, 1);
    }
    return end();
  }

  const std::string& answer() const { return text_; }

 private:
  void read_some() {
    std::array<char, kMaxAnswerBytes + 1> buffer;
    const auto count = ::read(answer_, buffer.data(), buffer.size());
    if (count < 0) return;
    text_.append(buffer.data(), static_cast<std::size_t>(count));
    is_over_ = count == 0 || text_.size() > kMaxAnswerBytes;
  }

  const pid_t pid_;
  const int answer_;
  bool is_over_ = false;
  std::string text_;
};

std::chrono::seconds cpu_for(const WalkRequest& request) {
  const auto mib = request.size_bytes >> 20U;
  constexpr std::uint64_t kMaxMib = std::uint64_t{1} << 30U;
  const auto more = request.limits.cpu_for_each_mib *
                    static_cast<std::int64_t>(std::min<std::uint64_t>(mib, kMaxMib));
  return request.limits.cpu + std::chrono::duration_cast<std::chrono::seconds>(more);
}

std::string too_long(std::chrono::seconds cpu) {
  return fmt::format("it takes more than {} of processor time", format_duration(cpu));
}

WalkAnswer answer_of(int status, const std::string& text, std::chrono::seconds cpu) {
  using Cause = WalkAnswer::Cause;
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGXCPU) return undecided(Cause::kLimit, too_long(cpu));
    return undecided(Cause::kDied, fmt::format("the walk died of signal {}", WTERMSIG(status)));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return undecided(Cause::kDied, "the walk ended without an answer");
  }
  auto answer = parse_answer(text);
  if (!answer) return undecided(Cause::kDied, "what the walk answered cannot be understood");
  answer->why = printable(answer->why);
  answer->proved = printable(answer->proved);
  return *answer;
}

}  // namespace

WalkAnswer walk_in_child(const WalkRequest& request, const Halt& halt) {
  return walk_in_child_of("/proc/self/exe", request, halt);
}

WalkAnswer walk_in_child_of(const std::string& program, const WalkRequest& request,
                            const Halt& halt) {
  using Cause = WalkAnswer::Cause;
  const auto fd = store::descriptor_of(request.content);
  if (!fd) return undecided(Cause::kUnable, "it lies where no other process can read it");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return not_started(errno);
  const store::UniqueFd output(ends[0]);
  store::UniqueFd low_input(ends[1]);
  store::UniqueFd input(copy_above(low_input.get()));
  low_input = store::UniqueFd();
  const store::UniqueFd content(copy_above(*fd));
  if (input.get() < 0 || content.get() < 0) return not_started(errno);

  const auto cpu = cpu_for(request);
  const auto& limits = request.limits;
  pid_t pid = 0;
  const int error =
      spawn_child(program,
                  {"holdfast", std::string(kWalkWord), std::to_string(request.size_bytes),
                   std::to_string(limits.memory_bytes), std::to_string(limits.unpacked_bytes),
                   std::to_string(limits.expansion), std::to_string(cpu.count())},
                  {}, {content.get(), input.get()}, pid);
  if (error != 0) return not_started(error);
  input = store::UniqueFd();

  constexpr int kSlowness = 4;
  constexpr std::chrono::seconds kEnding{10};
  const auto deadline = Ticks::now() + cpu * kSlowness;
  WalkingChild child(pid, output.get());
  switch (child.wait(deadline, halt)) {
    case WalkingChild::End::kHalted:
      (void)child.end();
      return undecided(Cause::kHalted, "holdfast was told to stop, or its time was over");
    case WalkingChild::End::kLate:
      (void)child.end();
      return undecided(Cause::kLimit,
                       fmt::format("it takes longer than {}", format_duration(cpu * kSlowness)));
    case WalkingChild::End::kAnswered:
      break;
  }
  return answer_of(child.end_after(Ticks::now() + kEnding), child.answer(), cpu);
}

}  // namespace agent
