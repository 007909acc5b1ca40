#pragma once

#include <span>
#include <vector>

#include "store/content/layout.h"
#include "store/custody/change.h"
#include "store/custody/placement.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"
#include "store/ledger/tell_unsound.h"

namespace store {

/// Puts new contents in the place of held ones so that no crash loses an old one or leaves the
/// ledger wrong: records the intents, gives each old content a second place, syncs, and renames the
/// new ones over the first place. The caller then calls Placer::sync(), and records the new
/// contents, and the old ones, in one batch.
/// Returns for each what became of the old content. Only what concerns more than one is an error.
Result<std::vector<Superseded>> supersede(Ledger& ledger, Placer& placer, NameRules rules,
                                          std::span<const Replacement> replacements, Time now);

/// Ends what a crash left of supersede(), between its intents and the record. Where the new content
/// is in place, and what it is was intended (Ledger::begin_placements()), both are recorded. Else
/// the old content is under archives/ again, a second place of it that was never recorded is gone,
/// and so is the intent; the new content is fetched again. What is under archives/ is no longer in
/// quarantine too, which ends an acceptance. An old content that is nowhere any more is left to the
/// scrub. A file that cannot be read or moved keeps its intent, is added to `left`, and the others
/// go on.
Status recover_supersessions(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                             const TellUnsound& tell = {});

}  // namespace store
