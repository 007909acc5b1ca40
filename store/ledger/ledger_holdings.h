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

/// What is held. A view of one ledger; see ledger.h. What changes it is in mirror.h.
class HoldingView {
 public:
  Result<Totals> totals(SourceId source);

  /// The days from `since` on that have archives, `until` excluded. Reads every archive.
  Result<std::vector<Night>> nights(SourceId source, Time since, Time until);

  /// The newest archive that the last complete listing had as it is held here; where there is none,
  /// the newest of all. nullopt: nothing is held.
  Result<std::optional<Archive>> newest_unchanged(SourceId source);
  Result<std::optional<Archive>> find(SourceId source, std::string_view key);
  /// True when the key is held or pending: the bucket has, or had, an object of that name.
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
  /// True when a content of the key is to be fetched, so that one may have been placed and not yet
  /// been recorded.
  Result<bool> is_pending(SourceId source, std::string_view key);
  /// Whether a generation of the key lies at this path.
  Result<bool> has_generation_at(SourceId source, std::string_view key, std::string_view path);
  /// In byte order of the keys, until `visit` returns false.
  Status visit_archives(SourceId source, const std::function<bool(const Archive&)>& visit);

  /// What is held beside the trusted contents, by key and then by path, until `visit` returns
  /// false.
  Status visit_generations(SourceId source, const std::function<bool(const Generation&)>& visit);
  /// Those of one key, at most `limit` of them, the one that came last first.
  Result<std::vector<Generation>> generations(SourceId source, std::string_view key,
                                              std::size_t limit);
  /// Where a content of this key lies beside the trusted one.
  Result<std::optional<Generation>> find_generation(SourceId source, std::string_view key,
                                                    const Sha256& sha256, Place place);
  /// What is remembered of which content of a key was trusted at a time: only of a key whose
  /// content has changed.
  struct Reign {
    bool remembered = false;
    std::optional<Sha256> sha256{};  ///< none: the key was not held yet
  };
  Result<Reign> trusted_at(SourceId source, std::string_view key, Time time);
  /// A pending content of a held key that lies, undamaged, beside the trusted one.
  struct Return {
    Generation generation;
    Identity upstream;  ///< what the bucket calls it now
    UpstreamTime last_modified{};
  };
  /// In the order of the keys, after `after_key`; at most `limit`.
  Result<std::vector<Return>> returns(SourceId source, std::string_view after_key,
                                      std::size_t limit);
  /// How many contents of this key are in quarantine.
  Result<std::uint64_t> count_quarantined(SourceId source, std::string_view key);

  Result<bool> was_listed_as(const ListedAs& listed);

 protected:
  explicit HoldingView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
