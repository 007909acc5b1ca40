#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What walks through held contents have shown. A view of one ledger; see ledger.h.
class WalkView {
 public:
  /// An archive that waits to be walked.
  struct Waiting {
    std::string key;
    UpstreamTime modified{};
  };
  /// Those that nothing is said against, and that were not walked yet as they are held, or whose
  /// last walk was of no use and is worth another try, the newest first; those after `after`
  /// (nullptr: all), at most `limit`.
  Result<std::vector<Waiting>> waiting_for_walk(SourceId source, const Waiting* after,
                                                std::size_t limit);
  /// What is known of the walk of a key, whatever content it had then.
  Result<std::optional<WalkRecord>> walk_of(SourceId source, std::string_view key);
  /// The walks that showed nothing wrong with what is still held of a stream, and is sound, from
  /// before a time: the newest first, at most `limit`.
  Result<std::vector<WalkRecord>> sound_walks(SourceId source, std::string_view stream,
                                              UpstreamTime before, std::size_t limit);
  /// Nothing stays known of what is no longer held.
  Status forget_old_walks(SourceId source);

 protected:
  explicit WalkView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
