#pragma once

#include <optional>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What our clock has said, and where it is in doubt. A view of one ledger; see ledger.h.
class ClockView {
 public:
  /// The newest time that this machine's clock recorded; nullopt: none yet.
  Result<std::optional<Time>> newest_own_time();
  /// Never goes back.
  Status note_own_time(Time now);
  /// From here on it is not known when what comes to the source is held: our clock cannot be right.
  Status doubt_ages(SourceId source);
  /// In doubt: no series has its newest archive at a time that is yet to come, by this guess.
  Status bound_series(SourceId source, Time now);
  /// Our clock is right again, and says `now`: what came in doubt is held since now, and so is what
  /// was recorded as of a time that is yet to come. Writes nothing where nothing is so.
  Status settle_ages(SourceId source, Time now);

 protected:
  explicit ClockView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
