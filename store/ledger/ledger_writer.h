#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "store/disk/inside.h"
#include "store/ledger/batch.h"
#include "store/ledger/ledger.h"

namespace store {

/// The calls by which the ledger says that something else is held than before. Each is one step of
/// an order that the verbs of mirror.h keep, so nothing outside store/ can call them. A view of the
/// ledger it is made from, which has to outlive it.
class LedgerWriter {
 public:
  explicit LedgerWriter(Ledger& ledger);

  /// Each content is no longer pending, its refusal is forgotten, the alarms `unreadable` and
  /// `mismatch` of its key end, its intent of supersession is gone, and the totals are right.
  /// `manifest_bytes`: how long the manifests of its sources are with what they say of it.
  Status record_batch(const Batch& batch,
                      const std::map<SourceId, std::uint64_t>& manifest_bytes = {});
  Status record(const std::vector<Placed>& archives);

  /// Says before the first rename that these held keys are about to get another content.
  Status begin_supersessions(const std::vector<Supersession>& intents);
  /// Those that a crash left, which come after `after` (nullptr: all); at most `limit`.
  Result<std::vector<Supersession>> open_supersessions(std::size_t limit,
                                                       const Supersession* after = nullptr);
  Status end_supersession(const Supersession& intent);

  /// Says before the first rename what is about to get a name; one transaction for all of them.
  Status begin_placements(const std::vector<Placement>& intents);
  /// Those that a crash left, in the order of their keys, after `after` (nullptr: all).
  Result<std::vector<Placement>> open_placements(const Placement* after, std::size_t limit);
  /// The one of the content that was to become the current one of its key.
  Result<std::optional<Placement>> placement_of(SourceId source, std::string_view key);

  /// How long the manifest has to be, at least.
  Result<std::uint64_t> manifest_bytes(SourceId source);
  Status note_manifest(SourceId source, std::uint64_t size_bytes);
  /// What each upstream identity turned out to be, and whether retention removed that content.
  struct Sighting {
    std::string key;
    Identity upstream;
    Sha256 sha256{};
    bool pruned = false;
  };
  Status visit_sightings(SourceId source, const std::function<bool(const Sighting&)>& visit);
  /// From when on a content of a key was the trusted one, of the keys whose content has changed.
  struct Since {
    std::string key;
    Time since{};
    Sha256 sha256{};
  };
  Status visit_reigns(SourceId source, const std::function<bool(const Since&)>& visit);
  Status note_reign(SourceId source, const Since& reign);

  /// Records what reading showed. `message` is the text of the alarm `corrupt` or `missing`, raised
  /// where the content was not known to be damaged; such an alarm of a key ends when nothing of the
  /// key is so any more. Returns for each whether it is news.
  Result<std::vector<bool>> record_readings(
      SourceId source, const std::vector<Reading>& readings, Time now,
      const std::function<std::string(const Reading&)>& message);
  /// These are no longer held, and are remembered, so that they are not taken for new ones when
  /// they are listed; but for those that are lost. Their files are still there: see
  /// store/custody/removal.h.
  Status begin_removals(SourceId source, const std::vector<Removal>& removals, Time now);
  /// Those whose files may still be there.
  Result<std::vector<Removal>> open_removals(SourceId source, std::size_t limit);
  Status end_removals(SourceId source, const std::vector<Removal>& removals);
  Status mark_sums_written(SourceId source);

 private:
  OpenLedger* impl_;
};

}  // namespace store
