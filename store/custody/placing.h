#pragma once

#include "store/content/layout.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"
#include "store/ledger/tell_unsound.h"

namespace store {

/// Finishes what a crash left between Ledger::begin_placements() and the record: what got its name
/// is recorded as it would have been, whatever the bucket says by now; what did not is no longer
/// intended, and is fetched again if it is still wanted. A file that cannot be read keeps its
/// intent, is added to `left`, and the others go on. `tell` is asked of each that is unsound.
///
/// Comes after recover_supersessions(), which finishes those that were to take a held one's place.
Status finish_placements(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                         const TellUnsound& tell = {});

}  // namespace store
