#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/ledger/ledger.h"

namespace store {

/// Calls `visit` with the path of each file below SOURCE/ that the ledger does not know, until it
/// returns false; with that of a directory or anything else only where none of ours can be. What a
/// crash may have placed before it was recorded is not foreign; SOURCE/damaged is not looked at.
/// In constant memory; reads names, no contents.
Status visit_foreign(ReadableDisk& disk, Ledger& ledger, SourceId source,
                     std::string_view source_name, NameRules rules,
                     const std::function<bool(const std::string&)>& visit);

}  // namespace store
