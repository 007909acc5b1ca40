#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agent {

/// Says which file of a directory that another tool filled may be of which key. Pure.
class AdoptNames {
 public:
  /// `strip` is what the other tool left out at the front of each key; it may be empty.
  explicit AdoptNames(std::string strip) : strip_(std::move(strip)) {}

  /// Returns the paths at which the file of this key may lie, the most likely first: the key
  /// itself, then the paths that a holdfast mirror has for it. Returns none for a key that does not
  /// begin with `strip`.
  std::vector<std::string> paths_of(std::string_view key) const;

  /// Returns the keys that the file at this path may be of, the most likely first.
  std::vector<std::string> keys_of(const std::string& path) const;

 private:
  std::string strip_;
};

/// Returns what would have to be stripped from `key` for a file to lie at the rest of it, the
/// longest last: "a/b/c" gives "a/" and "a/b/".
std::vector<std::string> likely_strips(std::string_view key);

}  // namespace agent
