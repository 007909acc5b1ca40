#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/config/config.h"
#include "agent/config/retention.h"
#include "agent/custody/prune_veto.h"
#include "agent/run/open_mirror.h"

namespace agent {

/// What retention decides about one content.
enum class PruneDecision {
  kKeep,
  kRemove,
  kWait,  ///< it will be removed, but not in this run
};

struct PruneRequest {
  const Config& config;
  const SourceConfig& source;
  store::SourceId id = 0;
  store::Time now{};  ///< by this machine's clock
  std::function<bool()> keep_going;
  /// The source is left out where an earlier look found nothing to remove and nothing changed
  /// since.
  bool only_if_due = false;
  /// Where it is set, nothing is removed, and it is called for each content, stream by stream, the
  /// newest first.
  std::function<void(const store::Candidate&, PruneDecision, Keeps)> tell;
  /// Called for each content that is removed.
  std::function<void(const store::Candidate&)> removing = {};
};

/// What prune_source() did, or would do.
struct Pruned {
  std::optional<Frozen> frozen;  ///< why nothing was removed
  std::uint64_t kept = 0;
  std::uint64_t sets_removed = 0;
  std::uint64_t sets_waiting = 0;
  std::uint64_t removed = 0;  ///< or would be, where it was only to be explained
  std::uint64_t removed_bytes = 0;
  std::uint64_t waiting = 0;
  store::AllUnfinished stuck{};  ///< removed but for their files, which this run could not remove
};

/// Removes from one source the sets of which the keep rules keep no content in any stream. It
/// removes whole sets, first those of which nothing came for the longest time. In one run it
/// removes at most a tenth of the source's sets, or one more than came since the last look. A
/// generation is a set of its own.
///
/// It removes nothing while agent/custody/prune_veto.h gives a reason, and where there is no keep
/// rule. What is kept whatever the rules say: agent/custody/never_pruned.h.
///
/// What is in quarantine, and a set that is smaller than `min_size`, is counted by itself, so that
/// it pushes out nothing that is trusted.
store::Result<Pruned> prune_source(Mirror& mirror, const PruneRequest& request);

}  // namespace agent
