#include "store/disk/posix_priority.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace store {
namespace {

constexpr int kThisThread = 0;

// What <linux/ioprio.h> calls IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE and its shift. In the kernels
// that Debian 12 has by now that header names a parameter "class", and is no C++.
constexpr int kWhoProcess = 1;
constexpr int kIdle = 3 << 13;

}  // namespace

IdlePriority::IdlePriority()
    : before_(static_cast<int>(::syscall(SYS_ioprio_get, kWhoProcess, kThisThread))) {
  ::syscall(SYS_ioprio_set, kWhoProcess, kThisThread, kIdle);
}

IdlePriority::~IdlePriority() {
  if (before_ >= 0) ::syscall(SYS_ioprio_set, kWhoProcess, kThisThread, before_);
}

}  // namespace store
