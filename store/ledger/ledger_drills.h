#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What became of a restore drill, once.
struct DrillRun {
  std::string name;
  SourceId source = 0;
  Time at{};  ///< when it began
  bool succeeded = false;
  std::string told;     ///< why it failed, or what else is to be known of it: one line
  std::string printed;  ///< the end of what its command printed
  std::string stream;
  std::uint64_t archives = 0;  ///< of the set that was restored, and their size
  std::uint64_t size_bytes = 0;
  UpstreamTime made{};  ///< the newest of them; none of them: the epoch
  std::chrono::milliseconds restore_took{0};
  std::chrono::milliseconds command_took{0};
};

/// All that is remembered of a drill.
struct DrillMemory {
  std::string name;
  SourceId source = 0;
  Time since{};                     ///< it is in the configuration
  std::optional<DrillRun> last;     ///< none: it never ran
  std::optional<DrillRun> success;  ///< the last one that succeeded
};

/// The restore drills of the configuration, and their runs. A view of one ledger: durability,
/// threads and errors are those of ledger.h.
class DrillView {
 public:
  /// Returns all drills, by name. They are few: as many as the configuration has sections for them.
  Result<std::vector<DrillMemory>> drills();
  /// Returns the drill of that name, or nullopt when there is none.
  Result<std::optional<DrillMemory>> drill(std::string_view name);
  /// Remembers that the drill is in the configuration, since `now` unless it was there before. A
  /// drill that is of another source now counts as another drill, which begins now.
  Status note_drill(std::string_view name, SourceId source, Time now);
  /// Remembers that the drill is no longer in the configuration. Its runs stay in the history.
  Status forget_drill(std::string_view name);
  /// Remembers a run for a year. The last run of a drill, and its last one that succeeded, are kept
  /// longer.
  Status record_drill(const DrillRun& run);

 protected:
  explicit DrillView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
