#pragma once

#include <chrono>
#include <cstdint>

namespace agent {

/// What a walk may take. The defaults suit a small machine.
struct WalkLimits {
  /// Over what the program itself takes.
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;
  /// So much of what it unpacks to is looked at, at least; larger contents may unpack to
  /// `expansion` times their size.
  std::uint64_t unpacked_bytes = std::uint64_t{8} << 30;
  std::uint64_t expansion = 100;
  /// Of processor time, and for each MiB of the content so much more. On a clock it may take four
  /// times as long.
  std::chrono::seconds cpu{120};
  std::chrono::milliseconds cpu_for_each_mib{2000};
};

}  // namespace agent
