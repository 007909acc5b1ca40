#pragma once

namespace store {

/// As long as it lives, what this thread reads and writes yields to everybody else's; where the
/// system has no such thing, it does nothing. ioprio_set(2)
class IdlePriority {
 public:
  IdlePriority();
  ~IdlePriority();
  IdlePriority(const IdlePriority&) = delete;
  IdlePriority& operator=(const IdlePriority&) = delete;

 private:
  int before_;
};

}  // namespace store
