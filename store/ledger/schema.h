#pragma once

#include <cstdint>
#include <span>

#include "store/disk/error.h"
#include "store/disk/inside.h"
#include "store/ledger/database.h"

namespace store {

/// "hold", in the header of the file, so that no other SQLite file is taken for a ledger.
inline constexpr std::int64_t kApplicationId = 0x686f6c64;

/// Each brings the schema from the number of those before it (PRAGMA user_version) to the next.
/// One that was released is never edited: disks out there have had it.
std::span<const char* const> migrations();

/// Makes an empty database a ledger; durable on return.
Status create_schema(Database& database);

/// kCorrupt when the file is no ledger, or from a holdfast that knows more than `known`. An older
/// one is brought up to date, each migration in its own transaction, where `may_write`; else it is
/// kReadOnly.
Status update_schema(Database& database, std::span<const char* const> known, bool may_write);

}  // namespace store
