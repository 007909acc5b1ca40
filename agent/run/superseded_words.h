#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace agent {

/// What is said where the content that a new one takes the place of was no longer what it had been.
inline constexpr const char* kGoneBefore =
    "the copy held before is gone from the disk; only the new one is held. Find out who writes to "
    "this disk";

inline std::string words_of_rotted_before(std::string_view damaged_path, std::string_view source) {
  return fmt::format(
      "the copy held before was damaged when it was superseded, and is lost; its bytes are "
      "in {}. Look at the kernel's log ('dmesg'), the cable and the disk; when you know what "
      "happened: "
      "holdfast ack {}",
      damaged_path, source);
}

}  // namespace agent
