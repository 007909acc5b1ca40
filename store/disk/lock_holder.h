#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace store {

/// Who has a lock: a process of this machine, and when it was started.
struct LockHolder {
  std::int64_t pid = 0;
  std::chrono::sys_seconds since{};
};

/// The process that has the flock(2) on this file, according to the kernel. nullopt: nobody has it,
/// or it cannot be seen from here.
std::optional<LockHolder> find_lock_holder(const std::string& file);

}  // namespace store
