#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace agent {

/// Shuts this process in, for good: from here on it can read descriptor 0, write to descriptor 1,
/// take `memory_bytes` more memory, use `cpu` of processor time, look at the clock, and end. Any
/// other system call kills it. It cannot be undone, and goes with the process it was called by
/// when that ends. The error is a sentence; then nothing may be read, as the cage is not shut.
Result<void> shut_cage(std::uint64_t memory_bytes, std::chrono::seconds cpu);

/// Whether the cage bounds memory: not where the program is built with an address sanitizer, which
/// maps more than there is.
bool cage_bounds_memory();

/// "2.5.4".
std::string libseccomp_version_text();

}  // namespace agent
