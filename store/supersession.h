#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/layout.h"
#include "store/ledger.h"
#include "store/placement.h"

namespace store {

/// A held content, and what shall have its place.
struct Replacement {
  SourceId source = 0;
  std::string source_name;
  Archive held;
  std::string staged_path;  ///< synced, read back, and right
};

/// Puts new contents in the place of held ones so that no crash loses an old one or leaves the
/// ledger wrong: records the intents, gives each old content a second place, syncs, and renames the
/// new ones over the first place. The caller then calls Placer::sync(), and records the new
/// contents, and the old ones, in one batch.
/// Returns for each where the old content lies now; nullopt: its file was there no more.
Result<std::vector<std::optional<Generation>>> supersede(Ledger& ledger, Placer& placer,
                                                         NameRules rules,
                                                         std::span<const Replacement> replacements,
                                                         Time now);

/// Takes back what a crash left of supersede(), between its intents and the record: the old content
/// is under archives/ again, a second place of it that was never recorded is gone, and so is the
/// intent. The new content is fetched again. What is under archives/ is no longer in quarantine
/// too, which ends an acceptance. An old content that is nowhere any more is left to the scrub.
Status recover_supersessions(Disk& disk, Ledger& ledger, NameRules rules);

}  // namespace store
