#pragma once

#include <cstdint>

namespace agent {

/// Counts what became of the wanted keys and of the files in the directory.
struct AdoptCounts {
  std::uint64_t adopted = 0;
  std::uint64_t adopted_bytes = 0;
  std::uint64_t linked = 0;   ///< of those: they share their file with the directory
  std::uint64_t by_size = 0;  ///< of those: nothing but their size was promised
  std::uint64_t orphans = 0;  ///< of those: the bucket no longer has them
  std::uint64_t held = 0;     ///< files of keys that were held already
  std::uint64_t differ = 0;
  std::uint64_t quarantined = 0;  ///< of those
  std::uint64_t failed = 0;       ///< files that could not be compared or adopted
  std::uint64_t missing = 0;      ///< wanted keys without a file
  std::uint64_t unlisted = 0;     ///< files that the bucket does not have, and that stay there
  std::uint64_t removed = 0;      ///< files of contents that retention has removed
  bool interrupted = false;
};

}  // namespace agent
