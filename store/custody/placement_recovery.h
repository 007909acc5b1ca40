#pragma once

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"
#include "store/ledger/tell_unsound.h"

namespace store {

/// Ends every intent that LedgerWriter::begin_placements() left open. A content that got its name
/// is recorded as it would have been, whatever the bucket says by now. One that did not is no
/// longer intended, and is fetched again if it is still wanted. On success all of that is durable
/// and recorded. A content whose file cannot be read keeps its intent and is added to `left`; the
/// others are ended all the same. `tell` is asked what to say of each content that is unsound.
///
/// Requires that recover_supersessions() has run: it finishes those that were to take the place of
/// a held content.
Status finish_placements(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                         const TellUnsound& tell = {});

}  // namespace store
