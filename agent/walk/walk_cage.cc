#include "agent/walk/walk_cage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOLDFAST_CAGE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOLDFAST_CAGE_SANITIZED 1
#endif
#endif

namespace agent {
namespace {

#ifdef HOLDFAST_CAGE_SANITIZED
constexpr bool kBoundsMemory = false;
#else
constexpr bool kBoundsMemory = true;
#endif

std::string cannot(std::string_view what, int error) {
  return fmt::format("{} ({})", what, std::strerror(error));
}

// What is mapped now, in pages: the first number in /proc/self/statm.
Result<std::uint64_t> mapped_bytes() {
  std::array<char, 128> text{};
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const auto got = fd < 0 ? -1 : ::read(fd, text.data(), text.size());
  if (fd >= 0) ::close(fd);
  std::uint64_t pages = 0;
  if (got <= 0 || std::from_chars(text.data(), text.data() + got, pages).ec != std::errc()) {
    return tl::unexpected(std::string("this machine does not say what memory a process takes"));
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// `more`: from `most` on there is a signal that says why, and the end comes so much later.
bool limit(__rlimit_resource_t what, std::uint64_t most, std::uint64_t more = 0) {
  const rlimit value{static_cast<rlim_t>(most), static_cast<rlim_t>(most + more)};
  return ::setrlimit(what, &value) == 0;
}

bool limit_memory(std::uint64_t most) {
  if constexpr (!kBoundsMemory) return true;
  // Where an address has 32 bits it cannot be outgrown.
  const bool fits = most <= std::uint64_t{static_cast<rlim_t>(-1)} / 2;
  return !fits || limit(RLIMIT_AS, most);
}

Result<void> set_limits(std::uint64_t memory_bytes, std::chrono::seconds cpu) {
  const auto mapped = mapped_bytes();
  if (!mapped) return tl::unexpected(mapped.error());
  if (!limit_memory(*mapped + memory_bytes) ||
      !limit(RLIMIT_CPU, static_cast<std::uint64_t>(cpu.count()), 1) || !limit(RLIMIT_FSIZE, 0) ||
      !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, 2)) {
    return tl::unexpected(cannot("this machine does not bound what a process takes", errno));
  }
  return {};
}

class Filter {
 public:
  // Of the whole process, where the kernel can.
  Filter() : context_(::seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (context_ == nullptr) context_ = ::seccomp_init(SCMP_ACT_KILL);
    good_ = context_ != nullptr;
  }
  ~Filter() { ::seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  // By name: not every machine has every call.
  void allow(const char* call) { allow(call, nullptr, 0); }
  void allow(const char* call, scmp_arg_cmp argument) { allow(call, &argument, 1); }
  void allow(const char* call, scmp_arg_cmp first, scmp_arg_cmp second) {
    const std::array<scmp_arg_cmp, 2> both{first, second};
    allow(call, both.data(), 2);
  }
  bool load() { return good_ && ::seccomp_load(context_) == 0; }

 private:
  void allow(const char* call, const scmp_arg_cmp* arguments, unsigned count) {
    if (!good_) return;
    const int number = ::seccomp_syscall_resolve_name(call);
    if (number < 0) return;
    good_ = ::seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, number, count, arguments) == 0;
  }

  scmp_filter_ctx context_ = nullptr;
  bool good_ = false;
};

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

bool filter_calls() {
  Filter filter;
  for (const char* const call : {"read", "pread64", "lseek", "_llseek"}) {
    filter.allow(call, is(0, STDIN_FILENO));
  }
  filter.allow("write", is(0, STDOUT_FILENO));
  for (const char* const call : {"mmap", "mmap2"}) {
    filter.allow(call, masked(2, PROT_EXEC, 0), masked(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
  }
  for (const char* const call :
       {"brk", "munmap", "mremap", "madvise", "exit", "exit_group", "rt_sigreturn", "sigreturn",
        "clock_gettime", "clock_gettime64", "gettimeofday", "time", "restart_syscall"}) {
    filter.allow(call);
  }
  // Locks that nobody else waits for, and whose waiting would end the walk by the clock.
  filter.allow("futex");
  return filter.load();
}

}  // namespace

Result<void> shut_cage(std::uint64_t memory_bytes, std::chrono::seconds cpu) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (auto limited = set_limits(memory_bytes, cpu); !limited) return limited;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !filter_calls()) {
    return tl::unexpected(
        std::string("this machine has no seccomp, and nothing is unpacked without it"));
  }
  return {};
}

bool cage_bounds_memory() { return kBoundsMemory; }

std::string libseccomp_version_text() {
  const auto* const version = ::seccomp_version();
  return version == nullptr
             ? std::string("unknown")
             : fmt::format("{}.{}.{}", version->major, version->minor, version->micro);
}

}  // namespace agent
