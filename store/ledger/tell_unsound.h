#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/disk/disk.h"
#include "store/ledger/batch.h"
#include "store/ledger/ledger.h"

namespace store {

/// Adds to the batch what has to be said of a content that is recorded in it as unsound: its alarm,
/// and what its stream looks like. `path`: where it lies.
using TellUnsound =
    std::function<Status(ReadableDisk& disk, Ledger& ledger, const Placed& placed,
                         std::string_view source_name, const std::string& path, Batch& batch)>;

}  // namespace store
