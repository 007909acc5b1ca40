#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "store/ledger/ledger.h"

namespace agent {

/// The backup that a drill restores.
struct DrillSet {
  std::int64_t id = 0;  ///< in the review that it was found in
  std::string stream;
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  store::UpstreamTime made{};  ///< the newest of its archives
  store::Time held_since{};
  bool unsound = false;  ///< a look at one of them has shown that it can be no backup
};

/// What a person would restore: the newest whole set of the drill's stream, sound or not, by when
/// it was made, and never later than when it was held. Whole is one that has as many parts as any
/// of the ten before it. The error is a sentence: why there is none, or why it is not clear which
/// stream is meant. In constant memory.
store::Result<Result<DrillSet>> choose_drill_set(store::Ledger::Review& review,
                                                 const DrillConfig& drill);

}  // namespace agent
