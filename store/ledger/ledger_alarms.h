#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/alarm_kind.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// The alarms of the sources. An alarm is identified by its source, its kind and its key (empty: it
/// concerns the source). It is open until it is ended; at most one of the same identity is open. An
/// open alarm is announced once a person was told of it. A view of one ledger: durability, threads
/// and errors are those of ledger.h.
class AlarmView {
 public:
  /// Opens an alarm that says `message`, since `now`. Returns true when it was opened. Returns
  /// false, and changes nothing, when one of this identity is open already, or when a person
  /// acknowledged the same on the other one of two disks. Returns false also when it was opened as
  /// announced, because a person was told of the same from the other disk (see ledger_carried.h).
  Result<bool> raise_alarm(SourceId source, AlarmKind kind, std::string_view key,
                           std::string_view message, Time now);
  /// Likewise; where one is open it says `message` from now on, and is not announced again for
  /// that.
  Status raise_newest_alarm(SourceId source, AlarmKind kind, std::string_view key,
                            std::string_view message, Time now);
  /// Returns true when an alarm of this identity is open.
  Result<bool> is_open(SourceId source, AlarmKind kind, std::string_view key);
  /// Returns true when an alarm of this identity was opened at or after `after`, whether it has
  /// ended or not.
  Result<bool> was_raised(SourceId source, AlarmKind kind, std::string_view key, Time after);
  /// Ends the open alarm of this identity, as of `now`, where there is one.
  Status end_alarm(SourceId source, AlarmKind kind, std::string_view key, Time now);
  /// Returns at most `limit` open alarms of a source: the gravest kind first (in the order of
  /// alarm_kind.h), and within a kind the oldest first.
  Result<std::vector<Alarm>> open_alarms(SourceId source, std::size_t limit);
  /// Returns the alarm with this id when it is open and of this source, else nullopt.
  Result<std::optional<Alarm>> open_alarm(SourceId source, std::int64_t alarm);
  /// Returns how many alarms of the source are open.
  Result<std::uint64_t> count_open_alarms(SourceId source);
  /// Returns the same for each kind that has one.
  Result<std::map<std::string, std::uint64_t>> count_open_by_kind(SourceId source);

  /// A person has seen the alarm with this id, or all of the source (nullopt): ends them as of
  /// `now`, and remembers that they were acknowledged, for the other disk too. What has changed or
  /// vanished and the alarm is about, or all of it, counts as seen from then on. Returns how many
  /// alarms ended.
  Result<std::uint64_t> acknowledge(SourceId source, std::optional<std::int64_t> alarm, Time now);
  /// An open alarm of any source that was not announced yet.
  struct Unannounced {
    SourceId source = 0;
    Alarm alarm;
  };
  /// Returns at most `limit` of them, in the order of open_alarms().
  Result<std::vector<Unannounced>> unannounced_alarms(std::size_t limit);
  /// Returns how many of them there are of each kind, the gravest kind first.
  Result<std::vector<std::pair<std::string, std::uint64_t>>> count_unannounced();
  /// Notes that a person was told of the alarm with this id.
  Status mark_announced(std::int64_t alarm);
  /// Notes that a person was told of all open alarms, of all sources.
  Status mark_all_announced();

  /// The source is no longer on HOLD. What has changed and vanished so far counts as seen.
  Status end_hold(SourceId source);

 protected:
  explicit AlarmView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
