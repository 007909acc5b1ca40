#pragma once

#include <cstddef>
#include <cstdint>

namespace test {

/// What becomes of SQLite's temporary files on the disks of this machine while it lives. It answers
/// in the place of the kernel, so that no disk has to be filled for it. One lives at a time.
class TemporaryPlace {
 public:
  TemporaryPlace();
  ~TemporaryPlace();
  TemporaryPlace(const TemporaryPlace&) = delete;
  TemporaryPlace& operator=(const TemporaryPlace&) = delete;

  /// From here on none of them can be written to, with this errno.
  void fail_writes(int error_number);
  /// From here on none can be made, with this errno.
  void fail_opening(int error_number);

  /// How many were made, and how much was written to them.
  std::size_t files() const;
  std::uint64_t bytes() const;
};

}  // namespace test
