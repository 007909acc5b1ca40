#include "store/posix_priority.h"

#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace store {
namespace {

constexpr int kThisThread = 0;

}  // namespace

IdlePriority::IdlePriority()
    : before_(static_cast<int>(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, kThisThread))) {
  ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, kThisThread,
            IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

IdlePriority::~IdlePriority() {
  if (before_ >= 0) ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, kThisThread, before_);
}

}  // namespace store
