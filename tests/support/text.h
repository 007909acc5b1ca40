#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace test {

inline constexpr std::size_t kMiB = std::size_t{1} << 20;

inline bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace test
