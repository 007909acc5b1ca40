#pragma once

// Shared by the files that implement store/ledger.h; for nobody else.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "store/database.h"
#include "store/ledger.h"

namespace store {

struct Ledger::Impl {
  explicit Impl(Database opened) : database(std::move(opened)) {}

  Database database;
  bool plan_open = false;
};

namespace rows {

inline std::int64_t seconds(Time time) { return time.time_since_epoch().count(); }
inline Time time(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

// SQLite's integers are signed. A size beyond them can only be a lie in a listing; as a negative
// number it survives the round trip.
inline std::int64_t signed_size(std::uint64_t size_bytes) {
  return static_cast<std::int64_t>(size_bytes);
}

/// Reads etag, size_bytes and version_id from three columns in a row.
inline Identity identity(const Query& row, int first_column) {
  return {std::string(row.bytes(first_column)),
          static_cast<std::uint64_t>(row.integer(first_column + 1)),
          std::string(row.bytes(first_column + 2))};
}

}  // namespace rows

namespace alarms {

Result<bool> raise(Database& database, SourceId source, std::string_view kind, std::string_view key,
                   std::string_view message, Time now);

Status end(Database& database, SourceId source, std::string_view kind, std::string_view key,
           Time now);

}  // namespace alarms

/// Adds to one of the sums in `tally`; a sum of 0 has no row.
Status adjust_tally(Database& database, SourceId source, std::string_view subject,
                    std::string_view value, std::int64_t difference);

inline constexpr std::string_view kTallyVerifiedBy = "verified_by";
inline constexpr std::string_view kTallyRefusal = "refusal";

/// The name of a kind in `tally`.
std::string_view name_of(RefusalKind kind);

}  // namespace store
