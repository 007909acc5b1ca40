#pragma once

#include <span>
#include <vector>

#include "store/content/key_path.h"
#include "store/custody/change.h"
#include "store/custody/placement.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"
#include "store/ledger/tell_unsound.h"

namespace store {

/// Puts new contents in the place of held ones, so that no crash loses an old content or leaves the
/// ledger wrong. It writes the intents, gives each old content a second place under superseded/,
/// syncs, and renames each new content over the first place. Nothing of that is recorded yet, and
/// the renames are not durable: the caller then calls Placer::sync(), and records the new contents
/// and the old ones in one batch.
///
/// Returns for each replacement what became of the old content. Where one file alone is bad its
/// result is `stuck`; an error is returned only for what concerns more than one content.
Result<std::vector<Superseded>> supersede(Ledger& ledger, Placer& placer, NameRules rules,
                                          std::span<const Replacement> replacements, Time now);

/// Ends every intent that supersede() left open.
///
/// Where the new content is in place, and begin_placements() had said what it is, the new content
/// and the old one are recorded, and the alarm kChanged of the key ends; an old content that lies
/// nowhere any more is recorded as if it lay under superseded/, so that the scrub finds it missing.
/// Anywhere else the old content is put back under archives/, a second place of it that was never
/// recorded is removed, and the new content will be fetched again. A content that is under
/// archives/ and in quarantine too is removed from quarantine, which ends an acceptance. On success
/// all of that is durable and recorded, and the intents are gone.
///
/// A content whose file cannot be read or moved keeps its intent and is added to `left`; the others
/// are ended all the same. `tell` is asked what to say of each new content that is unsound.
Status recover_supersessions(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                             const TellUnsound& tell = {});

}  // namespace store
