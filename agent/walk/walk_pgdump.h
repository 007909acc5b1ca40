#pragma once

#include <cstdint>

#include "agent/walk/walk_bytes.h"
#include "agent/walk/walk_source.h"

namespace agent {

/// Follows an archive of `pg_dump -Fc` to its end: its table of contents, and then the data of each
/// entry by the lengths of its pieces. Returns how many entries have data. What is only a table of
/// contents, as in a directory of `pg_dump -Fd`, ends behind it. A version that is not known here
/// is not_known().
Walked<std::uint64_t> walk_pgdump(WalkedContent& content);

}  // namespace agent
