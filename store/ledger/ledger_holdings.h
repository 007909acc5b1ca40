#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/batch.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What is held of each source: the trusted content of each key, under archives/, and the contents
/// that lie beside it, under superseded/ and quarantine/. This view only reads, but for the locks
/// of SQLite; what is held changes through store/custody/mirror.h. A view of one ledger: threads
/// and errors are those of ledger.h.
class HoldingView {
 public:
  /// Returns the sums over all that is held of the source, from one state of the ledger. All zero
  /// for a source that is not registered. Takes about the same time however much is held.
  Result<Totals> totals(SourceId source);

  /// Returns each day, by the upstream's date, that has archives: from `since` on, before `until`.
  /// Reads the row of every archive.
  Result<std::vector<Night>> nights(SourceId source, Time since, Time until);

  /// Returns the newest archive that the last complete listing had just as it is held here, or,
  /// where there is none, the newest of all. Returns nullopt when nothing is held.
  Result<std::optional<Archive>> newest_unchanged(SourceId source);
  /// Returns the trusted content of the key, or nullopt when the key is not held.
  Result<std::optional<Archive>> find(SourceId source, std::string_view key);
  /// Returns true when the key is held or pending: the bucket has, or had, an object of that name.
  Result<bool> knows(SourceId source, std::string_view key);
  /// What is known of a key, the first of these that holds.
  enum class KeyState {
    kNo,
    kHeld,
    kPending,
    kRefused,     ///< the bucket has it, and it could not be had
    kGeneration,  ///< one of its contents lies beside the archives
    kRemoved,     ///< retention has removed one of its contents
  };
  Result<KeyState> state_of_key(SourceId source, std::string_view key);
  /// Returns true when a content of the key is to be fetched. Then a crash may have left one that
  /// is placed and not recorded.
  Result<bool> is_pending(SourceId source, std::string_view key);
  /// Returns true when a content of the key is held at this path, which is relative to the disk,
  /// beside the trusted one.
  Result<bool> has_generation_at(SourceId source, std::string_view key, std::string_view path);
  /// Calls `visit` with each trusted content, in byte order of the keys, until it returns false.
  /// They are read in pages, so that no lock is held while `visit` runs, and `visit` may use the
  /// ledger; what changes meanwhile may or may not be seen. Memory does not grow with their number.
  Status visit_archives(SourceId source, const std::function<bool(const Archive&)>& visit);

  /// Likewise with each content that is held beside the trusted ones, by key and then by path.
  Status visit_generations(SourceId source, const std::function<bool(const Generation&)>& visit);
  /// Returns those of one key: the one that came to its place last first, at most `limit`.
  Result<std::vector<Generation>> generations(SourceId source, std::string_view key,
                                              std::size_t limit);
  /// Returns the content of this key with this SHA-256 that lies in this place, or nullopt.
  Result<std::optional<Generation>> find_generation(SourceId source, std::string_view key,
                                                    const Sha256& sha256, Place place);
  /// Which content of a key was trusted at a time. This is remembered only of a key whose trusted
  /// content has changed; of any other key the one content was always it.
  struct Reign {
    bool remembered = false;         ///< the trusted content of the key has changed
    std::optional<Sha256> sha256{};  ///< none: the key was not held yet
  };
  /// Returns what is remembered of the key for `time`.
  Result<Reign> trusted_at(SourceId source, std::string_view key, Time time);
  /// A pending content of a held key that lies, undamaged, beside the trusted one.
  struct Return {
    Generation generation;
    Identity upstream;  ///< what the bucket calls it now
    UpstreamTime last_modified{};
  };
  /// Returns such contents in the order of their keys, of keys after `after_key`, at most `limit`.
  Result<std::vector<Return>> returns(SourceId source, std::string_view after_key,
                                      std::size_t limit);
  /// Returns how many contents of this key are in quarantine.
  Result<std::uint64_t> count_quarantined(SourceId source, std::string_view key);

  /// Returns true when it was recorded before that a listing calls this content so (see ListedAs).
  Result<bool> was_listed_as(const ListedAs& listed);

 protected:
  explicit HoldingView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
