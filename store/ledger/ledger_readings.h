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

/// When what is held was read, and what is damaged. A view of one ledger; see ledger.h.
class ReadingView {
 public:
  /// `now`, or the first second after it at which nothing was read: the stamp of one pass, by which
  /// it knows what it has read.
  Result<Time> stamp_of_pass(SourceId source, Time now);
  /// The held contents that were not looked at for the longest time, first those; with
  /// `generations` also what lies beside the trusted ones. What is damaged takes its turn like the
  /// rest. Leaves out what was looked at at `stamp`, and begins after `after` (nullptr: at the
  /// start), so that one pass sees each once; at most `limit`.
  Result<std::vector<Holding>> longest_unread(SourceId source, bool generations, Time stamp,
                                              const Holding* after, std::size_t limit);
  /// What is damaged, in the order of key and path, after `after` (nullptr: all), at most `limit`:
  /// of what no repair is pending, and the bucket has no other content under its key. With
  /// `unlisted_only` only what the bucket does not have, as far as a complete listing since has
  /// shown; with `key` only what is that key's.
  struct LossQuery {
    const std::string* key = nullptr;
    bool unlisted_only = true;
  };
  Result<std::vector<Holding>> lost(SourceId source, const LossQuery& which, const Holding* after,
                                    std::size_t limit);
  /// Whether the content under archives/ is known to be damaged.
  Result<bool> is_damaged(SourceId source, std::string_view key);
  /// Where this content of the key lies beside the trusted one, and is damaged.
  Result<std::optional<std::string>> damaged_generation(SourceId source, std::string_view key,
                                                        const Sha256& sha256);
  Status note_scrubbed(SourceId source, Time now);
  /// Of all that is held of the source.
  Result<std::uint64_t> held_bytes(SourceId source);

 protected:
  explicit ReadingView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
