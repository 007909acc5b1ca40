#pragma once

#include <string_view>

#include "store/content/layout.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"

namespace store {

/// Removes the files of what Ledger::begin_removals() says is no longer held, and says so in the
/// manifest first. Ends what a crash left of it, so it has to come before anything is placed. A
/// path at which something is held again is left alone. On success the files are gone for good, and
/// SHA256SUMS names none of them; but those that cannot be removed keep their intents and are added
/// to `left`. Of those that are in it before, the manifest has been told.
///
/// The order is the ledger, the manifest, the file: until the manifest says it too, a ledger made
/// anew still holds the content, and it is still there.
Status finish_removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                       NameRules rules, AllUnfinished& left);

/// Likewise, for what earlier runs left, of which the manifest may say already that it is gone: it
/// is read, so that what can never be removed adds no line to it at each run.
Status finish_earlier_removals(Disk& disk, Ledger& ledger, SourceId source,
                               std::string_view source_name, NameRules rules, AllUnfinished& left);

}  // namespace store
