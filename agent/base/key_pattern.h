#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace agent {

/// What a person gives where a key or a glob is asked for: the key itself, all keys that match, or
/// a folder ("db/"), which means all that lies below it.
class KeyPattern {
 public:
  explicit KeyPattern(std::string text)
      : text_(std::move(text)), glob_(text_.ends_with('/') ? text_ + "**" : text_) {}

  bool matches(std::string_view key) const;
  /// No more than one key can match it.
  bool is_plain() const { return glob_.find_first_of("*?[\\") == std::string::npos; }

 private:
  std::string text_;
  std::string glob_;
};

}  // namespace agent
