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

/// Does the same only when the ledger says that the file is stale, or when the file is missing or
/// not as long as it was written, and notes how long it is now. Returns whether it was lost:
/// missing or of another length, although it was not stale. Costs one stat() where there is nothing
/// to do.
Result<bool> refresh_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                          NameRules rules);

/// Whether the file says, byte for byte, what write_sums() would write. One that cannot be read
/// does not. Memory does not grow with what is held.
Result<bool> sums_are_right(ReadableDisk& disk, Ledger& ledger, SourceId source,
                            std::string_view source_name, NameRules rules);

/// Does what refresh_sums() does, and writes the file also when it is as long as it should be and
/// is not right. Returns whether anything but the ledger had made it wrong.
Result<bool> restore_sums(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                          NameRules rules);

}  // namespace store
