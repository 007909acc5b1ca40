#pragma once

// Shared by the files that implement Ledger::Plan; for nobody else.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/disk/inside.h"
#include "store/ledger/ledger_impl.h"

namespace store {

/// The keys that start with a prefix, as a condition on a column; both bounds are parameters.
class PrefixRange {
 public:
  explicit PrefixRange(std::string_view prefix) : first_(prefix), end_(prefix) {
    while (!end_.empty() && end_.back() == '\xff') end_.pop_back();
    if (!end_.empty()) {
      end_.back() = static_cast<char>(static_cast<unsigned char>(end_.back()) + 1);
    }
  }

  std::string condition(std::string_view column) const {
    return end_.empty() ? fmt::format("{0}>=?2 AND ?3=x''", column)
                        : fmt::format("{0}>=?2 AND {0}<?3", column);
  }
  Bytes first() const { return {first_}; }
  Bytes end() const { return {end_}; }  ///< empty: no key is beyond

 private:
  std::string first_;
  std::string end_;
};

namespace rows {

inline Deviation deviation_of(std::int64_t kind) {
  switch (kind) {
    case static_cast<std::int64_t>(Deviation::kVanished):
      return Deviation::kVanished;
    case static_cast<std::int64_t>(Deviation::kChanged):
      return Deviation::kChanged;
    default:
      return Deviation::kNone;
  }
}

}  // namespace rows

namespace rotation {

/// Counts in `stream` which of the archives that are gone have made room for new ones. `row` is its
/// row of temp.stream, as visit_streams() selects it.
Status count(Database& database, const Query& row, Ledger::Plan::Stream& stream);

}  // namespace rotation

struct Ledger::Plan::Impl {
  Impl(OpenLedger& owner, SourceId planned, std::string_view prefix)
      : ledger(&owner), source(planned), range(prefix) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  Database& database() const { return ledger->database; }

  // A plan of which a part is missing would say that keys have vanished which have not.
  template <typename T>
  Result<T> checked(Result<T> result) {
    if (!result && !failure) failure = result.error();
    return result;
  }

  Result<const HeldKey*> next_held();
  Status note(std::string_view key, Deviation deviation, const Identity& to, Time now);
  Result<std::pair<Deviation, Identity>> deviation_now(std::string_view key);
  Result<bool> is_sighting_of(std::string_view what, std::string_view key,
                              const Identity& upstream);
  Status write(const Result<std::uint64_t>& done);
  Status forget_ghosts(Time now);
  Status apply_notes();
  Status begin_alarms();
  Status forget_alarms();
  Result<std::optional<std::string>> message_now(AlarmKind kind, std::string_view key);
  Result<bool> tell(AlarmKind kind, std::string_view key, std::string_view message, Time now,
                    bool renews);
  Status tell_all();
  Status restore(std::string_view key, Time now);
  Status restore_all();
  Status apply_alarms();
  Status note_events();
  Status write_pending();
  Status commit();

  OpenLedger* ledger;
  SourceId source;
  PrefixRange range;
  std::optional<Transaction> transaction;
  std::optional<Query> cursor;
  bool at_end = false;
  bool any_damage = false;
  bool any_pruned = false;
  Time planned_at{};
  bool any_strike = false;
  bool any_note = false;
  bool any_alarm = false;
  bool concludes_from_absence = true;
  std::int64_t aside = 0;
  std::optional<HeldKey> current;
  std::optional<Error> failure;
};

}  // namespace store
