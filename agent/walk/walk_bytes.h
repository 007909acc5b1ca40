#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/proof/content_form.h"
#include "agent/walk/walk_source.h"

namespace agent {

/// The content that is walked, by its descriptor.
class WalkedContent final : public ByteSource {
 public:
  WalkedContent(int fd, std::uint64_t size_bytes) : fd_(fd), size_bytes_(size_bytes) {}

  std::uint64_t size_bytes() const { return size_bytes_; }
  Walked<std::string_view> next() override;

  /// All of `into`; what lies behind the end is broken(), as the caller was promised it.
  Walked<bool> read_at(std::uint64_t offset, std::span<char> into);
  /// Where next() goes on.
  void seek(std::uint64_t offset) { offset_ = offset; }
  std::uint64_t offset() const { return offset_; }

 private:
  int fd_;
  std::uint64_t size_bytes_;
  std::uint64_t offset_ = 0;
  std::array<char, std::size_t{128} * 1024> buffer_{};
};

/// Passes bytes on, counts them, and remembers their two ends. More than `limit_bytes` are too
/// much. What failed once fails again.
class Watched final : public ByteSource {
 public:
  Watched(ByteSource& from, std::uint64_t limit_bytes) : from_(from), limit_bytes_(limit_bytes) {}

  /// Reads so much that the head is there; next() gives it all the same.
  Walked<bool> begin();
  Walked<std::string_view> next() override;
  /// Reads what is left.
  Walked<bool> drain();

  std::uint64_t size_bytes() const { return size_bytes_; }
  /// Of all that was passed on. They stay until the next call of anything else.
  ContentEnds ends();

 private:
  Walked<std::string_view> pass_on();

  ByteSource& from_;
  const std::uint64_t limit_bytes_;
  std::uint64_t size_bytes_ = 0;
  std::optional<Obstacle> failed_;
  std::string head_;
  std::string tail_;
  std::string kept_;     ///< read by begin(), and not passed on yet
  std::string passing_;  ///< what was
};

}  // namespace agent
