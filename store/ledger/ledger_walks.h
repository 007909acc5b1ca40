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

/// What walks through held archives, member by member, have shown. A walk is recorded by
/// Change::note_walk(). A view of one ledger: durability, threads and errors are those of ledger.h.
class WalkView {
 public:
  /// An archive that waits to be walked.
  struct Waiting {
    std::string key;
    UpstreamTime modified{};
  };
  /// Returns the sound archives that were not walked yet with the content that they have, and those
  /// whose last walk was of no use and is worth another try: the newest first, after `after`
  /// (nullptr: from the start), at most `limit`.
  Result<std::vector<Waiting>> waiting_for_walk(SourceId source, const Waiting* after,
                                                std::size_t limit);
  /// Returns the last walk of the key, whatever content it had then; nullopt when there was none.
  Result<std::optional<WalkRecord>> walk_of(SourceId source, std::string_view key);
  /// Returns the walks that went to the end of a content of the stream which is still held and
  /// sound, and which the upstream made before `before`: the newest first, at most `limit`.
  Result<std::vector<WalkRecord>> sound_walks(SourceId source, std::string_view stream,
                                              UpstreamTime before, std::size_t limit);
  /// Forgets the walks of keys that are no longer held.
  Status forget_old_walks(SourceId source);

 protected:
  explicit WalkView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
