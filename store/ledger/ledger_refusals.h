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

/// What the bucket lists and could not be fetched, and why. A refusal is remembered by key, and by
/// version id for a noncurrent version (the role says which), so that the same is not asked for at
/// every run. A view of one ledger: durability, threads and errors are those of ledger.h.
class RefusalView {
 public:
  /// Remembers that the content was refused upstream, or failed its promise. It is no longer
  /// pending. Where the same content was refused for the same reason before, this counts as one
  /// more time.
  Status refuse(SourceId source, std::string_view key, RefusalKind kind, const Identity& upstream,
                Time now, Role role = Role::kNew);
  /// Likewise, and raises an alarm in the same transaction, unless the same content was refused for
  /// the same reason before: what a person acknowledged is not raised again. Returns true when the
  /// alarm is new.
  Result<bool> refuse_with_alarm(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role,
                                 AlarmKind alarm_kind, std::string_view message);
  struct Asked {
    int asks = 0;  ///< how often this very content was refused, this time included
    Time since{};
  };
  /// Does what refuse() does, and returns how often that was so by now, and since when.
  Result<Asked> refuse_and_count(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role);
  /// This content was denied before and could be had now: every content of the source that was
  /// denied is due to be asked for again. Changes nothing when this one was not denied.
  Status ask_denied_again(SourceId source, std::string_view key, Role role,
                          const Identity& upstream);
  /// One refusal with its alarm, which says `message`.
  struct Refused {
    SourceId source = 0;
    std::string key;
    RefusalKind kind = RefusalKind::kUnreadable;
    Identity upstream;
    Role role = Role::kNew;
    AlarmKind alarm_kind = AlarmKind::kUnreadable;
    std::string message;
  };
  /// Does what refuse_with_alarm() does for many, in one transaction. Returns for each whether its
  /// alarm is new.
  Result<std::vector<bool>> refuse_with_alarms(const std::vector<Refused>& refused, Time now);
  struct RefusalCounts {
    std::uint64_t unreadable = 0;
    std::uint64_t archived = 0;
    std::uint64_t mismatch = 0;
  };
  /// Returns how many refusals of the source are remembered, by their reason.
  Result<RefusalCounts> refusal_counts(SourceId source);

 protected:
  explicit RefusalView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
