#pragma once

#include <string_view>

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"

namespace store {

/// Removes the files of what LedgerWriter::begin_removals() says is no longer held, for one source,
/// and ends those intents. The manifest and SHA256SUMS say it first. On success the files are gone,
/// durably, and neither names them. A path at which something is held again is left alone, and its
/// intent ends. A file that cannot be removed keeps its intent and is added to `left`. The manifest
/// is not told again of what is in `left` when this is called.
///
/// The order is the ledger, the manifest, the file: until the manifest says it too, a ledger that
/// is made anew from it still holds the content, and the content is still there. What a crash left
/// of a removal is finished here, so this comes before anything is placed.
Status finish_removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                       NameRules rules, AllUnfinished& left);

/// Does the same for what earlier runs left. The manifest is read first, to see what it was told
/// already, so that a file that can never be removed does not add a line to it at each run.
Status finish_earlier_removals(Disk& disk, Ledger& ledger, SourceId source,
                               std::string_view source_name, NameRules rules, AllUnfinished& left);

}  // namespace store
