#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agent {

/// Which file of a directory that another tool filled is of which key. Pure.
class AdoptNames {
 public:
  /// `strip`: what the other tool left out at the front of each key; empty: nothing.
  explicit AdoptNames(std::string strip) : strip_(std::move(strip)) {}

  /// Where the file of this key may lie, best first: under the key itself, then under the paths
  /// that a holdfast mirror has for it. None for a key that does not begin with `strip`.
  std::vector<std::string> paths_of(std::string_view key) const;

  /// The other way: the keys that the file at this path may be of, best first.
  std::vector<std::string> keys_of(const std::string& path) const;

 private:
  std::string strip_;
};

/// What would have to be stripped from `key` for its file to lie at the end of its path, longest
/// last: "a/b/c" gives "a/" and "a/b/".
std::vector<std::string> likely_strips(std::string_view key);

}  // namespace agent
