#include "agent/fetch/range_share.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

constexpr std::uint64_t kMinPieceBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMaxPieceBytes = std::uint64_t{16} << 20;

// Small enough that all lanes end at about the same time, large enough that a request's round trip
// is little beside it.
std::uint64_t piece_bytes_of(std::uint64_t left_bytes, std::size_t lanes) {
  return std::clamp(left_bytes / (2 * std::max<std::size_t>(1, lanes)), kMinPieceBytes,
                    kMaxPieceBytes);
}

}  // namespace

RangeShare::RangeShare(Content content, std::uint64_t begin, std::size_t lanes)
    : content_(std::move(content)),
      size_bytes_(content_.wanted.size_bytes),
      piece_bytes_(piece_bytes_of(size_bytes_ - begin, lanes)),
      lanes_(1),
      ahead_(size_bytes_) {
  lanes_[kOwner] = {true, {begin, size_bytes_}};
}

// What the owner is about to receive anyway is left to it: its request has asked for all.
void RangeShare::split_owner() {
  if (std::exchange(is_split_, true)) return;
  auto& own = lanes_[kOwner].piece;
  const auto end = own.begin + piece_bytes_;
  if (end >= own.end) return;
  own.end = end;
  ahead_ = end;
}

std::optional<RangeShare::Ticket> RangeShare::join() {
  const std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  split_owner();
  if (!has_piece()) return std::nullopt;
  const auto free =
      std::find_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.present; });
  const auto ticket = static_cast<Ticket>(free - lanes_.begin());
  if (free == lanes_.end()) lanes_.emplace_back();
  lanes_[ticket] = {true, {}};
  return ticket;
}

void RangeShare::leave(Ticket ticket, bool failed) {
  const std::lock_guard lock(mutex_);
  give_up(lanes_[ticket]);
  lanes_[ticket].present = false;
  closed_ = closed_ || failed;
  changed_.notify_all();
}

void RangeShare::give_up(Lane& lane) {
  if (lane.piece.begin < lane.piece.end) given_up_.push_back({lane.piece.begin, lane.piece.end});
  lane.piece = {};
}

std::optional<ByteRange> RangeShare::next_piece(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  auto& piece = lanes_[ticket].piece;
  give_up(lanes_[ticket]);
  if (closed_ && ticket != kOwner) return std::nullopt;
  if (!given_up_.empty()) {
    const auto first =
        std::min_element(given_up_.begin(), given_up_.end(),
                         [](const auto& a, const auto& b) { return a.begin < b.begin; });
    piece = {first->begin, first->end};
    given_up_.erase(first);
  } else if (ahead_ < size_bytes_) {
    piece = {ahead_, std::min(size_bytes_, ahead_ + piece_bytes_)};
    ahead_ = piece.end;
  } else {
    return std::nullopt;
  }
  return ByteRange{piece.begin, piece.end};
}

ByteRange RangeShare::piece(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return lanes_[ticket].piece;
}

std::size_t RangeShare::grant(Ticket ticket, std::size_t size_bytes) {
  const std::lock_guard lock(mutex_);
  const auto& piece = lanes_[ticket].piece;
  return static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, piece.end - piece.begin));
}

void RangeShare::written(Ticket ticket, std::size_t size_bytes) {
  const std::lock_guard lock(mutex_);
  lanes_[ticket].piece.begin += size_bytes;
  if (ticket != kOwner) changed_.notify_all();
}

bool RangeShare::wait_for_piece(const std::function<bool()>& keep_waiting) {
  constexpr std::chrono::milliseconds kLook{100};
  std::unique_lock lock(mutex_);
  while (!has_piece() && collected() < size_bytes_ && !disk_error_ && keep_waiting()) {
    changed_.wait_for(lock, kLook);
  }
  return has_piece() && !disk_error_;
}

std::uint64_t RangeShare::collected() const {
  auto bytes = ahead_;
  for (const auto& lane : lanes_) {
    if (lane.piece.begin < lane.piece.end) bytes = std::min(bytes, lane.piece.begin);
  }
  for (const auto& range : given_up_) bytes = std::min(bytes, range.begin);
  return bytes;
}

std::uint64_t RangeShare::collected_bytes() const {
  const std::lock_guard lock(mutex_);
  return collected();
}

bool RangeShare::is_complete() const { return collected_bytes() == size_bytes_; }

bool RangeShare::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void RangeShare::fail(store::Error error) {
  const std::lock_guard lock(mutex_);
  if (!disk_error_) disk_error_ = std::move(error);
  closed_ = true;
  changed_.notify_all();
}

std::optional<store::Error> RangeShare::disk_error() const {
  const std::lock_guard lock(mutex_);
  return disk_error_;
}

void RangeShare::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.wait(lock, [&] {
    return std::none_of(lanes_.begin() + 1, lanes_.end(),
                        [](const Lane& lane) { return lane.present; });
  });
}

}  // namespace agent
