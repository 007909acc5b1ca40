#pragma once

#include <string_view>

#include "store/disk.h"
#include "store/inside.h"
#include "store/layout.h"
#include "store/ledger.h"
#include "store/unfinished.h"

namespace store {

/// Removes the files of what Ledger::begin_removals() says is no longer held, and says so in the
/// manifest first. Ends what a crash left of it, so it has to come before anything is placed. A
/// path at which something is held again is left alone. On success the files are gone for good, and
/// SHA256SUMS names none of them; but those that cannot be removed keep their intents and are added
/// to `left`.
///
/// The order is the ledger, the manifest, the file: until the manifest says it too, a ledger made
/// anew still holds the content, and it is still there.
Status finish_removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                       NameRules rules, AllUnfinished& left);

}  // namespace store
