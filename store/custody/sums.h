#pragma once

#include <string_view>

#include "store/content/layout.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/ledger/ledger.h"

namespace store {

/// Writes SOURCE/SHA256SUMS from the ledger: one line "hex  archives/PATH" an archive, in key
/// order, then likewise what is held beside them, replaced atomically and durable on return, in
/// constant memory. A source that holds nothing has none. `sha256sum -c SHA256SUMS`, run in SOURCE,
/// passes without holdfast.
Status write_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                  NameRules rules);

}  // namespace store
