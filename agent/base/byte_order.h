#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace agent {

/// The unsigned number of `bytes` bytes at `at`, the lowest first; 0 where the text ends before it.
inline std::uint64_t little_endian(std::string_view text, std::size_t at, std::size_t bytes) {
  if (at > text.size() || bytes > text.size() - at) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = bytes; i-- > 0;) {
    number = (number << 8U) | static_cast<unsigned char>(text[at + i]);
  }
  return number;
}

/// Likewise, the highest first.
inline std::uint64_t big_endian(std::string_view text, std::size_t at, std::size_t bytes) {
  if (at > text.size() || bytes > text.size() - at) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number = (number << 8U) | static_cast<unsigned char>(text[at + i]);
  }
  return number;
}

}  // namespace agent
