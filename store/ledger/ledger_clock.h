#pragma once

#include <optional>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What this machine's clock has said, and from when on it is in doubt. While the clock cannot be
/// right, the ages of what comes are guesses. A view of one ledger: durability, threads and errors
/// are those of ledger.h.
class ClockView {
 public:
  /// Returns the newest time that note_own_time() was told, or nullopt when there was none.
  Result<std::optional<Time>> newest_own_time();
  /// Remembers `now` as a time of this machine's clock. An earlier one than the newest changes
  /// nothing.
  Status note_own_time(Time now);
  /// Our clock cannot be right: what comes to the source from here on is of unknown age, until
  /// settle_ages(). A source that is in doubt already stays so since then.
  Status doubt_ages(SourceId source);
  /// While the clock is in doubt and guesses `now`: a stream of the source whose newest archive
  /// came later than that has it at `now`.
  Status bound_series(SourceId source, Time now);
  /// Our clock is right again and says `now`. What came in doubt is held since `now`, and every
  /// time that anything goes by and that is yet to come becomes `now`. The doubt ends. Writes
  /// nothing when nothing is in doubt, and nothing was read and no drill was run at such a time.
  Status settle_ages(SourceId source, Time now);

 protected:
  explicit ClockView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
