#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace agent {

/// What is said where the content that a new one takes the place of was no longer what it had been.
inline constexpr const char* kGoneBefore =
    "somebody removed the content held before from the disk; only the new one is held. Find out "
    "who writes to this disk";

inline std::string explain_rotted_before(std::string_view damaged_path, std::string_view source) {
  return fmt::format(
      "the content held before was damaged here when it was superseded, and is lost; its bytes are "
      "in {}. Look into the kernel's log, check cable and disk; when you know what happened: "
      "holdfast ack {}",
      damaged_path, source);
}

}  // namespace agent
