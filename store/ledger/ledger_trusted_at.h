#pragma once

#include "store/disk/inside.h"
#include "store/ledger/database.h"
#include "store/ledger/records.h"

// Shared by the files that implement store/ledger/ledger.h; for nobody else.
namespace store::reigns {

/// Remembers that the archive is trusted from `now` on, if it takes the place of another content of
/// its key. To be called before it does, and after what it takes the place of lies beside it.
Status note(Database& database, SourceId source, const Archive& archive, Time now);

}  // namespace store::reigns
