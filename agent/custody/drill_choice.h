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
  bool unsound = false;  ///< a look at one of its archives has shown that it can be no backup
};

/// Chooses what a person would restore: the newest whole set of the drill's stream, sound or not. A
/// set is as new as the time at which it was made, or at which it was first held, if that is
/// earlier. A set is whole when it has as many parts as any of the ten before it. The inner error
/// is a sentence: why there is no such set, or why it is not clear which stream is meant. The outer
/// error is the ledger's. The memory is constant.
store::Result<Result<DrillSet>> choose_drill_set(store::Ledger::Review& review,
                                                 const DrillConfig& drill);

}  // namespace agent
