#pragma once

#include "store/disk.h"
#include "store/layout.h"
#include "store/ledger.h"

namespace store {

/// How a held content is superseded so that no crash loses it or leaves the ledger wrong:
/// Ledger::begin_supersessions, Placer::keep_aside and sync (now the old one has two durable
/// places), Placer::replace and sync, Ledger::record.
///
/// Takes back what a crash left between the first and the last of these: the old content is under
/// archives/ again, a second place of it that was never recorded is gone, and so is the intent. The
/// new content is fetched again. What is under archives/ is no longer in quarantine too, which ends
/// an acceptance. An old content that is nowhere any more is left to the scrub.
Status recover_supersessions(Disk& disk, Ledger& ledger, NameRules rules);

}  // namespace store
