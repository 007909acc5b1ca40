#pragma once

#include <string_view>

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/ledger/ledger.h"

namespace store {

/// Writes SOURCE/SHA256SUMS from the ledger, so that `sha256sum -c SHA256SUMS`, run in SOURCE,
/// checks all that is held without holdfast. It has one line "hex  archives/PATH" for each archive,
/// in the order of the keys, and then such lines for what is held beside them. The file is replaced
/// atomically and is durable on return; where the source holds nothing it is removed. Memory does
/// not grow with what is held.
Status write_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                  NameRules rules);

/// Does the same only when the ledger says that the file is stale, and notes that it no longer is.
Status refresh_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                    NameRules rules);

}  // namespace store
