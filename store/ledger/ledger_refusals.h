#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/alarm_kind.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What the bucket has and we could not have. A view of one ledger; see ledger.h.
class RefusalView {
 public:
  /// The content was refused upstream or failed its promise: no longer pending, remembered,
  /// counted.
  Status refuse(SourceId source, std::string_view key, RefusalKind kind, const Identity& upstream,
                Time now, Role role = Role::kNew);
  /// Likewise, and raises an alarm with it, unless this very content was refused before: what was
  /// acknowledged is not raised again. True when it is new.
  Result<bool> refuse_with_alarm(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role,
                                 AlarmKind alarm_kind, std::string_view message);
  struct Asked {
    int asks = 0;  ///< how often this very content was refused, this time included
    Time since{};
  };
  /// As refuse().
  Result<Asked> refuse_and_count(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role);
  /// Where this content was denied, and no longer is: all that were denied, of the source, are due.
  Status ask_denied_again(SourceId source, std::string_view key, Role role,
                          const Identity& upstream);
  /// One refusal with its alarm; `message` is of that.
  struct Refused {
    SourceId source = 0;
    std::string key;
    RefusalKind kind = RefusalKind::kUnreadable;
    Identity upstream;
    Role role = Role::kNew;
    AlarmKind alarm_kind = AlarmKind::kUnreadable;
    std::string message;
  };
  /// Likewise for many, in one transaction; says of each whether it is new.
  Result<std::vector<bool>> refuse_with_alarms(const std::vector<Refused>& refused, Time now);
  struct RefusalCounts {
    std::uint64_t unreadable = 0;
    std::uint64_t archived = 0;
    std::uint64_t mismatch = 0;
  };
  Result<RefusalCounts> refusal_counts(SourceId source);

 protected:
  explicit RefusalView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
