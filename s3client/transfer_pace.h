#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "s3client/curl_transport.h"

namespace s3 {

/// Says when a server has taken too long for what it sends. One per exchange; the times are the
/// caller's, and never go back.
class TransferPace {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  TransferPace(const TransportOptions& limits, bool is_text) : limits_(limits), is_text_(is_text) {}

  /// The request is on its way; before that the connect time-out holds.
  void sent(SteadyTime now) { last_ = now; }
  bool was_sent() const { return last_.has_value(); }
  /// A line of a head, or of what comes behind a body.
  void head_line(SteadyTime now, std::uint64_t bytes);
  /// The last head is complete.
  void head_done(SteadyTime now, int status);
  /// A piece of the body, which the caller had from `begun` to `done`.
  void body(SteadyTime begun, SteadyTime done, std::uint64_t bytes);

  /// What is wrong, as a sentence; nullopt: all is well.
  std::optional<std::string> verdict(SteadyTime now) const;

 private:
  using Duration = SteadyTime::duration;
  struct Slot {
    Duration end;  ///< on the clock of the wire, which stands still while the caller works
    std::uint64_t bytes;
  };

  std::optional<std::string> stalled(SteadyTime now) const;
  bool too_slow(Duration wire) const;
  Duration wire_time(SteadyTime now) const { return now - *body_since_ - callers_; }

  const TransportOptions& limits_;
  const bool is_text_;
  std::optional<SteadyTime> last_;        ///< when something came last
  std::optional<SteadyTime> head_since_;  ///< its first line
  std::optional<SteadyTime> body_since_;
  bool is_error_ = false;
  std::uint64_t head_bytes_ = 0;
  Duration callers_{0};  ///< that the caller took for the body so far
  std::deque<Slot> slots_;
};

}  // namespace s3
