#pragma once

#include <chrono>

// Two clocks, and a type for each, so that the compiler says which of them a line uses.
namespace store {

/// A time by this machine's clock. Ages are counted from these alone.
using Time = std::chrono::sys_seconds;

/// What a bucket says of when an object was uploaded. Whoever has the bucket sets it: it names,
/// orders and dates contents, and no age is counted from it.
struct UpstreamClock {
  using duration = std::chrono::seconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<UpstreamClock>;
  static constexpr bool is_steady = false;
};
using UpstreamTime = UpstreamClock::time_point;

/// The upstream's time read as one of ours: to write it out, or where the comment beside the call
/// says why that clock may be believed.
constexpr Time at_its_word(UpstreamTime upstream) { return Time{upstream.time_since_epoch()}; }

}  // namespace store
