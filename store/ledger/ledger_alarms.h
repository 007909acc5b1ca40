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

/// The alarms, open and ended, and which were announced. A view of one ledger; see ledger.h.
class AlarmView {
 public:
  /// True when it is new; an open alarm of the same source, kind and key is left as it is.
  Result<bool> raise_alarm(SourceId source, AlarmKind kind, std::string_view key,
                           std::string_view message, Time now);
  /// Raises it, or lets the open one say `message`; it is not told again for that.
  Status raise_newest_alarm(SourceId source, AlarmKind kind, std::string_view key,
                            std::string_view message, Time now);
  Result<bool> is_open(SourceId source, AlarmKind kind, std::string_view key);
  /// Whether one was raised at or after `after`, open or not.
  Result<bool> was_raised(SourceId source, AlarmKind kind, std::string_view key, Time after);
  Status end_alarm(SourceId source, AlarmKind kind, std::string_view key, Time now);
  /// At most `limit` open alarms of a source: the gravest first, then the oldest.
  Result<std::vector<Alarm>> open_alarms(SourceId source, std::size_t limit);
  /// The open alarm with this id.
  Result<std::optional<Alarm>> open_alarm(SourceId source, std::int64_t alarm);
  Result<std::uint64_t> count_open_alarms(SourceId source);
  /// How many of each kind.
  Result<std::map<std::string, std::uint64_t>> count_open_by_kind(SourceId source);

  /// Ends one open alarm of a source, or all of them; returns how many.
  Result<std::uint64_t> acknowledge(SourceId source, std::optional<std::int64_t> alarm, Time now);
  /// The open alarms of any source that mark_announced() has not been told of, the gravest first
  /// (see store/ledger/alarm_kind.h), then the oldest.
  struct Unannounced {
    SourceId source = 0;
    Alarm alarm;
  };
  Result<std::vector<Unannounced>> unannounced_alarms(std::size_t limit);
  /// How many of each kind, the gravest first.
  Result<std::vector<std::pair<std::string, std::uint64_t>>> count_unannounced();
  Status mark_announced(std::int64_t alarm);
  Status mark_all_announced();

  Status end_hold(SourceId source);

 protected:
  explicit AlarmView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
