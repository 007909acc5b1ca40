#include "s3client/transfer_pace.h"

#include <fmt/format.h>

namespace s3 {
namespace {

// A window is looked at in so many pieces, so that a burst at its begin hides no trickle for long.
constexpr int kSlots = 10;
// No server sends so much before its body; one that goes on would fill our memory.
constexpr std::uint64_t kMaxHeadBytes = std::uint64_t{512} * 1024;

std::string seconds(std::chrono::milliseconds limit) {
  return fmt::format("{:g} s", static_cast<double>(limit.count()) / 1000);
}

}  // namespace

void TransferPace::head_line(SteadyTime now, std::uint64_t bytes) {
  last_ = now;
  if (!head_since_) head_since_ = now;
  head_bytes_ += bytes;
}

void TransferPace::head_done(SteadyTime now, int status) {
  constexpr int kFirstOther = 300;
  body_since_ = now;
  is_error_ = status >= kFirstOther;
}

void TransferPace::body(SteadyTime begun, SteadyTime done, std::uint64_t bytes) {
  // Behind the caller: a disk that takes its time is no stall of the network.
  last_ = done;
  callers_ += done - begun;
  const Duration slot = limits_.rate_window / kSlots;
  const Duration wire = wire_time(done);
  if (slots_.empty() || wire >= slots_.back().end) {
    slots_.push_back({wire - wire % slot + slot, 0});
  }
  slots_.back().bytes += bytes;
  while (slots_.front().end + limits_.rate_window < wire) slots_.pop_front();
}

std::optional<std::string> TransferPace::stalled(SteadyTime now) const {
  if (!last_) return std::nullopt;
  const auto limit = is_text_ && !head_since_ ? limits_.text_wait : limits_.stall_timeout;
  if (now - *last_ <= limit) return std::nullopt;
  return fmt::format("nothing came for {}", seconds(limit));
}

bool TransferPace::too_slow(Duration wire) const {
  if (limits_.min_rate_bytes == 0 || wire < limits_.rate_window) return false;
  std::uint64_t bytes = 0;
  for (const auto& slot : slots_) {
    if (slot.end + limits_.rate_window >= wire) bytes += slot.bytes;
  }
  const double needed = static_cast<double>(limits_.min_rate_bytes) *
                        std::chrono::duration<double>(limits_.rate_window).count();
  return static_cast<double>(bytes) < needed;
}

std::optional<std::string> TransferPace::verdict(SteadyTime now) const {
  if (head_bytes_ > kMaxHeadBytes) return "the head of the answer has no end";
  if (auto stall = stalled(now)) return stall;
  if (!body_since_) {
    const bool over = head_since_ && now - *head_since_ > limits_.head_limit;
    if (!over) return std::nullopt;
    return fmt::format("the head of the answer was not complete after {}",
                       seconds(limits_.head_limit));
  }
  const Duration wire = wire_time(now);
  if (is_error_ || is_text_) {
    const auto limit = is_error_ ? limits_.error_limit : limits_.text_limit;
    if (wire <= limit) return std::nullopt;
    return fmt::format("the answer was not complete after {}", seconds(limit));
  }
  if (!too_slow(wire)) return std::nullopt;
  return fmt::format("less than {} bytes a second came for {} (\"min_rate\")",
                     limits_.min_rate_bytes, seconds(limits_.rate_window));
}

}  // namespace s3
