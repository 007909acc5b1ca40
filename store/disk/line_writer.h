#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "store/disk/disk.h"
#include "store/disk/inside.h"

namespace store {

/// Writes a new file in large pieces, so that a million lines are not a million writes.
class LineWriter {
 public:
  explicit LineWriter(File& file) : file_(file) {}

  Status add(std::string_view line) {
    buffer_ += line;
    return buffer_.size() < kBufferBytes ? Status{} : flush();
  }

  /// What was added is in the file; not yet durable.
  Status flush() {
    auto written = file_.write_at(offset_, std::as_bytes(std::span(buffer_)));
    offset_ += buffer_.size();
    buffer_.clear();
    return written;
  }

 private:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  File& file_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
};

}  // namespace store
