#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/exit_status.h"
#include "agent/config/config.h"
#include "agent/config/retention.h"
#include "agent/run/mirror.h"

namespace agent {

/// Why nothing may be removed, as a sentence, and how a command ends because of it.
struct Frozen {
  ExitStatus status = ExitStatus::kAlarm;
  std::string why;
  bool is_news = true;  ///< false: a pull that finds it so need not tell
};

/// What retention says of one content.
enum class PruneDecision {
  kKeep,
  kRemove,
  kWait,  ///< to be removed, but not in this run
};

struct PruneRequest {
  const Config& config;
  const SourceConfig& source;
  store::SourceId id = 0;
  store::Time now{};  ///< by this machine's clock
  std::function<bool()> keep_going;
  /// Nothing is looked at where an earlier look found nothing to remove, and nothing has changed.
  bool only_if_due = false;
  /// Set: nothing is removed, and it is told of each content, by stream, the newest first.
  std::function<void(const store::Candidate&, PruneDecision, Keeps)> tell;
  /// Told of each content that goes.
  std::function<void(const store::Candidate&)> removing = {};
};

/// What prune_source() did, or would do.
struct Pruned {
  std::optional<Frozen> frozen;  ///< and nothing was removed
  std::uint64_t kept = 0;
  std::uint64_t sets_removed = 0;
  std::uint64_t sets_waiting = 0;
  std::uint64_t removed = 0;  ///< or would be, where it was only to be explained
  std::uint64_t removed_bytes = 0;
  std::uint64_t waiting = 0;
  store::AllUnfinished stuck{};  ///< removed but for their files, which this run could not remove
};

/// Removes from one source the sets of which its keep rules hold no content in any stream, whole
/// sets, those of which nothing came for the longest time first; in one run at most a tenth of its
/// sets, or one more than came since the last look; and likewise of the
/// generations, where each content is a set of its own. Nothing, while an alarm of any source in
/// the configuration is open, on HOLD, before the source was pulled to the end once, or where the
/// clock is behind what was recorded by more than a minute, was wrong when something came, or where
/// by it nothing was listed for 30 days; nothing, where there is no rule; and nothing of a source
/// whose layout says that its backups need each other, unless `series` says what belongs together.
///
/// What is in quarantine, and a set that is smaller than `min_size`, is counted by itself, so that
/// it pushes out nothing that is trusted; a set with a damaged content counts for no rule. The
/// trusted content of a name that has other contents stays as long as they do; of a name that is
/// meant to rotate it stays for good.
store::Result<Pruned> prune_source(Mirror& mirror, const PruneRequest& request);

}  // namespace agent
