#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/proof/walk.h"

// What the parts of a walk, in its cage, have in common.
namespace agent {

/// Why a walk ends before its end.
struct Obstacle {
  WalkAnswer::Verdict verdict = WalkAnswer::Verdict::kUnsound;
  WalkAnswer::Cause cause = WalkAnswer::Cause::kNone;
  std::string why;
};

template <typename T>
using Walked = Result<T, Obstacle>;

/// The content is broken.
Obstacle broken(std::string why);
/// It needs more than a walk may take.
Obstacle too_much(std::string why);
/// Nothing is known of how to walk it.
Obstacle not_known(std::string why);
/// It needs more memory than that.
Obstacle too_large(std::string_view what, std::uint64_t limit_bytes);

/// Bytes in their order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Those that come next; they stay until the next call. Empty at the end, and from then on.
  virtual Walked<std::string_view> next() = 0;
};

/// A source that unpacks another one, which has to outlive it.
class Unpacker : public ByteSource {
 public:
  /// Which of its check sums were compared so far; empty where there were none.
  virtual std::string proved() const = 0;
};

}  // namespace agent
