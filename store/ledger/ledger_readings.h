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

/// When each held content was last read back, and which are damaged. What a reading showed is
/// recorded by Mirror::scrub(). A view of one ledger: durability, threads and errors are those of
/// ledger.h.
class ReadingView {
 public:
  /// Returns `now`, or the first second after it at which nothing was read. One pass records all
  /// its readings under this time, and knows by it what it has read.
  Result<Time> stamp_of_pass(SourceId source, Time now);
  /// Returns at most `limit` held contents, that which was looked at longest ago first. With
  /// `generations` the contents beside the trusted ones are among them. Damaged contents take their
  /// turn like the rest. Contents that were looked at at `stamp` are left out, and the result
  /// begins after `after` (nullptr: at the start), so that one pass sees each content once.
  Result<std::vector<Holding>> longest_unread(SourceId source, bool generations, Time stamp,
                                              const Holding* after, std::size_t limit);
  /// Which lost contents are asked for. A content is lost when it is damaged, no repair of it is
  /// pending, and the bucket has no other content under its key. `key`: only those of this key
  /// (nullptr: of all). `unlisted_only`: only those that the bucket no longer has, as a complete
  /// listing since the damage was found has shown.
  struct LossQuery {
    const std::string* key = nullptr;
    bool unlisted_only = true;
  };
  /// Returns at most `limit` of them, by key and then by path, after `after` (nullptr: from the
  /// start).
  Result<std::vector<Holding>> lost(SourceId source, const LossQuery& which, const Holding* after,
                                    std::size_t limit);
  /// Returns true when the trusted content of the key is known to be damaged.
  Result<bool> is_damaged(SourceId source, std::string_view key);
  /// Returns the path, relative to the disk, at which this content of the key lies beside the
  /// trusted one and is damaged; nullopt when there is none.
  Result<std::optional<std::string>> damaged_generation(SourceId source, std::string_view key,
                                                        const Sha256& sha256);
  /// Remembers that a slice of scrubbing ended at `now`.
  Status note_scrubbed(SourceId source, Time now);
  /// Returns the bytes of all that is held of the source, wherever it lies.
  Result<std::uint64_t> held_bytes(SourceId source);

 protected:
  explicit ReadingView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
