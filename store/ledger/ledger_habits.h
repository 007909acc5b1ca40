#pragma once

// Shared by store/ledger/ledger_series.cc and store/ledger/ledger_habits.cc; for nobody else.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/ledger/ledger_impl.h"

namespace store::habits {

/// Whether more of the last set of a stream may come.
enum class Open {
  kNo = 0,
  kYes = 1,
  kWeighed = 2,  ///< it is complete, as far as those before it tell
};

struct Row {
  Ledger::Habit habit;
  Open open = Open::kNo;
};

/// From name, sets, first_held_since, newest_held_since, last_set, is_open, made, recent.
Row row_of(const Query& row);
inline constexpr std::string_view kColumns =
    "name, sets, first_held_since, newest_held_since, last_set, is_open, made, recent";

Result<std::optional<Row>> find(Database& database, SourceId source, std::string_view stream);
Status write(Database& database, SourceId source, const Row& row, std::string_view shape);
/// As above, without a change of the shape.
Status update(Database& database, SourceId source, const Row& row);

/// One more complete set.
void add_recent(Row& row, const Ledger::SetMade& set);
void add_made(Row& row, Time made);

}  // namespace store::habits
