#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

namespace test {

/// A system call (SYS_...) and the errno that it shall fail with.
struct RefusedCall {
  long number;
  int error_number;
};

/// Runs `body` in a thread for which the kernel refuses these system calls, so that the fallbacks
/// for lesser kernels and filesystems can be seen to work on this one. Returns what it returns;
/// nullopt where no such filter can be set. No assertions in `body`: it is another thread.
template <typename Body>
auto with_refused(const std::vector<RefusedCall>& calls, Body body)
    -> std::optional<decltype(body())> {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const RefusedCall& call : calls) {
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call.number), 0, 1));
    program.push_back(
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(call.error_number)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));

  std::optional<decltype(body())> result;
  std::thread([&] {
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return;
    result.emplace(body());
  }).join();
  return result;
}

}  // namespace test
