#pragma once

#include "store/disk/time.h"

namespace test {

/// What a bucket says whose clock agrees with ours.
constexpr store::UpstreamTime uploaded(store::Time at) {
  return store::UpstreamTime{at.time_since_epoch()};
}

}  // namespace test
