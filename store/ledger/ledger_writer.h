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
/// an order that the verbs of store/custody/mirror.h keep, so nothing outside store/ can call them.
///
/// The order is: the intent (begin_...), committed before the first name on the disk changes; the
/// names, synced; the manifest, synced; the record, in which the intent ends. What a crash leaves
/// of it is found by its intent (open_...), and finished or taken back.
///
/// It is a view of the ledger that it is made from, which outlives it. Each call is one
/// transaction, durable on return, and changes nothing on an error. Errors are those of ledger.h.
class LedgerWriter {
 public:
  explicit LedgerWriter(Ledger& ledger);

  /// Records all of a batch. Requires that every name in it, and the manifests that say the same,
  /// are durable. Afterwards each content of the batch is no longer pending, its refusal is
  /// forgotten, the alarms `unreadable`, `mismatch` and `ghost` of its key have ended (each unless
  /// another content of the key is still refused for that), its intents have ended, and the totals
  /// are right. `manifest_bytes` says how long the manifest of each source is now.
  Status record_batch(const Batch& batch,
                      const std::map<SourceId, std::uint64_t>& manifest_bytes = {});
  /// Records a batch of these archives alone.
  Status record(const std::vector<Placed>& archives);

  /// Writes the intents: these held keys are about to get another content.
  Status begin_supersessions(const std::vector<Supersession>& intents);
  /// Returns the intents that are open, by source and key, after `after` (nullptr: from the start),
  /// at most `limit`.
  Result<std::vector<Supersession>> open_supersessions(std::size_t limit,
                                                       const Supersession* after = nullptr);
  /// Ends one of them. Requires that nothing is left to finish or to take back.
  Status end_supersession(const Supersession& intent);

  /// Writes the intents: these verified contents are about to get a name.
  Status begin_placements(const std::vector<Placement>& intents);
  /// Returns the intents that are open, by source and key, after `after` (nullptr: from the start),
  /// at most `limit`.
  Result<std::vector<Placement>> open_placements(const Placement* after, std::size_t limit);
  /// Returns the open intent of the content that was to become the trusted one of its key; nullopt
  /// when there is none.
  Result<std::optional<Placement>> placement_of(SourceId source, std::string_view key);

  /// Returns how long the manifest of the source was at the last record. A shorter one has lost
  /// lines.
  Result<std::uint64_t> manifest_bytes(SourceId source);
  /// Remembers how long the manifest is now.
  Status note_manifest(SourceId source, std::uint64_t size_bytes);
  /// Which content an upstream identity turned out to be, and whether retention removed that
  /// content.
  struct Sighting {
    std::string key;
    Identity upstream;
    Sha256 sha256{};
    bool pruned = false;
  };
  /// Calls `visit` with each of them, in the order of the keys, until it returns false.
  Status visit_sightings(SourceId source, const std::function<bool(const Sighting&)>& visit);
  /// From when on a content of a key was the trusted one. Only keys whose content has changed have
  /// any.
  struct Since {
    std::string key;
    Time since{};
    Sha256 sha256{};
  };
  /// Calls `visit` with each of them, by key and then by time, until it returns false.
  Status visit_reigns(SourceId source, const std::function<bool(const Since&)>& visit);
  /// Remembers one, as a manifest tells it.
  Status note_reign(SourceId source, const Since& reign);

  /// Records what reading held contents at `now` showed. A content that is damaged, and was not
  /// known to be so, raises the alarm `corrupt` or `missing` of its key, whose text is `message`.
  /// Such an alarm ends when no content of the key is so any more. Returns for each reading whether
  /// it is news.
  Result<std::vector<bool>> record_readings(
      SourceId source, const std::vector<Reading>& readings, Time now,
      const std::function<std::string(const Reading&)>& message);
  /// These contents are no longer held, and the intents to remove their files are open: the files
  /// are still there, see store/custody/removal.h. What is not lost is remembered, so that it is
  /// not taken for new when it is listed. What is not held is passed over.
  Status begin_removals(SourceId source, const std::vector<Removal>& removals, Time now);
  /// Returns the open intents of the source, by path, at most `limit`: their files may still be
  /// there.
  Result<std::vector<Removal>> open_removals(SourceId source, std::size_t limit);
  /// Ends these intents. Requires that the files are gone, durably.
  Status end_removals(SourceId source, const std::vector<Removal>& removals);
  /// SHA256SUMS says what the ledger says, until something else is recorded.
  Status mark_sums_written(SourceId source);

 private:
  OpenLedger* impl_;
};

}  // namespace store
