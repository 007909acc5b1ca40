#include "agent/custody/never_pruned.h"

namespace agent {

Keeps keeps_of_itself(const SourceConfig& source, const store::HeldSet& set, store::Time now) {
  auto keeps = SeriesRetention::of_itself(source.keep, now, set.newest_held);
  if (set.damaged) keeps = keeps | Keep::kDamaged;
  const bool rotates =
      set.has_others || (set.had_others && source.on_change == OnChange::kGenerations);
  if (set.trusted && rotates) keeps = keeps | Keep::kRotating;
  return keeps;
}

bool has_stream(const SourceConfig& source, const store::Candidate& candidate) {
  return !candidate.stream.empty() || source.series.spec() == "source";
}

}  // namespace agent
