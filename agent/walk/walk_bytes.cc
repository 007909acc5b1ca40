#include "agent/walk/walk_bytes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/base/units.h"

namespace agent {
namespace {

Obstacle unreadable(int error) {
  return {WalkAnswer::Verdict::kUndecided, WalkAnswer::Cause::kDied,
          fmt::format("it cannot be read ({})", std::strerror(error))};
}

}  // namespace

Walked<std::string_view> WalkedContent::next() {
  const auto wanted = std::min<std::uint64_t>(buffer_.size(), size_bytes_ - offset_);
  const auto into = std::span(buffer_).first(static_cast<std::size_t>(wanted));
  if (auto got = read_at(offset_, into); !got) return got.error();
  offset_ += wanted;
  return std::string_view(into.data(), into.size());
}

Walked<bool> WalkedContent::read_at(std::uint64_t offset, std::span<char> into) {
  if (offset > size_bytes_ || into.size() > size_bytes_ - offset) {
    return broken("it ends before its end");
  }
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got =
        ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return unreadable(got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
  return true;
}

Walked<std::string_view> Watched::pass_on() {
  if (failed_) return *failed_;
  const auto bytes = from_.next();
  if (!bytes) {
    failed_ = bytes.error();
    return *failed_;
  }
  size_bytes_ += bytes->size();
  if (size_bytes_ > limit_bytes_) {
    failed_ = too_much(fmt::format("it unpacks to more than {}", format_size(limit_bytes_)));
    return *failed_;
  }
  if (head_.size() < ContentEnds::kHeadBytes) {
    head_ += bytes->substr(0, ContentEnds::kHeadBytes - head_.size());
  }
  if (bytes->size() >= ContentEnds::kTailBytes) tail_.clear();
  tail_ += *bytes;
  if (tail_.size() > 4 * ContentEnds::kTailBytes) {
    tail_.erase(0, tail_.size() - ContentEnds::kTailBytes);
  }
  return bytes;
}

Walked<bool> Watched::begin() {
  while (head_.size() < ContentEnds::kHeadBytes) {
    const auto bytes = pass_on();
    if (!bytes) return bytes.error();
    if (bytes->empty()) break;
    kept_ += *bytes;
  }
  return true;
}

Walked<std::string_view> Watched::next() {
  if (kept_.empty()) return pass_on();
  passing_ = std::exchange(kept_, {});
  return std::string_view(passing_);
}

Walked<bool> Watched::drain() {
  while (true) {
    const auto bytes = next();
    if (!bytes) return bytes.error();
    if (bytes->empty()) return true;
  }
}

ContentEnds Watched::ends() {
  if (tail_.size() > ContentEnds::kTailBytes) {
    tail_.erase(0, tail_.size() - ContentEnds::kTailBytes);
  }
  return {head_, tail_, size_bytes_};
}

}  // namespace agent
