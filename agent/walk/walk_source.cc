#include "agent/walk/walk_source.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/units.h"

namespace agent {

Obstacle broken(std::string why) {
  return {WalkAnswer::Verdict::kUnsound, WalkAnswer::Cause::kNone, std::move(why)};
}

Obstacle too_much(std::string why) {
  return {WalkAnswer::Verdict::kUndecided, WalkAnswer::Cause::kLimit, std::move(why)};
}

Obstacle not_known(std::string why) {
  return {WalkAnswer::Verdict::kUndecided, WalkAnswer::Cause::kUnknown, std::move(why)};
}

Obstacle too_large(std::string_view what, std::uint64_t limit_bytes) {
  return too_much(fmt::format("{} needs more than the {} of memory that it may take", what,
                              format_size(limit_bytes)));
}

}  // namespace agent
