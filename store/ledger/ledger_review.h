#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/error.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What retention decides on, what it found, and the history. What it removes goes through
/// Mirror::begin_removals(). A view of one ledger: durability, threads and errors are those of
/// ledger.h.
class ReviewView {
 public:
  /// All that is held of a source as it was when begin_review() returned, sorted by stream, with
  /// the set that each content belongs to. Within a stream the content that was held last comes
  /// first; then goes the one that the upstream made last, then the last name, then the trusted
  /// one. It lies in temporary tables: memory does not grow with it, nothing is written to the
  /// ledger, and all of it is gone with the review.
  class Review {
   public:
    ~Review();
    Review(Review&&) noexcept;

    /// Returns the newest time that was recorded of what is held of the source, or that our clock
    /// has recorded at all.
    Time newest_recorded() const;

    /// Calls `visit` with each content, in the order above, until it returns false.
    Status visit(const std::function<bool(const Candidate&)>& visit);
    /// Calls `visit` with each set, in the order of their numbers, until it returns false.
    Status visit_sets(const std::function<bool(const HeldSet&)>& visit);
    /// Adds the bits `keeps`, which are the caller's, to what is noted of a set. Allowed within
    /// visit().
    Status note_kept(std::int64_t set, std::uint32_t keeps);

    /// Marks the set as one that may go.
    Status mark(const HeldSet& set);
    /// Chooses at most `most_sets` of the marked sets, of the trusted ones or of the others, to go
    /// in this run: those of which nothing came for the longest time.
    Status choose(bool trusted, std::uint64_t most_sets);
    /// Returns true when the set was chosen.
    Result<bool> is_due(std::int64_t set);
    /// Returns the contents of the chosen sets, set by set, that come after `after` (nullptr: from
    /// the start), at most `limit`. Of `Candidate::set` only the members `trusted`, `newest_held`
    /// and `id` are filled in.
    Result<std::vector<Candidate>> due(bool trusted, const Candidate* after, std::size_t limit);

   private:
    friend class ReviewView;
    struct Impl;
    explicit Review(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  /// Reads all that is held of the source and sorts it. `place` tells the stream and the set of a
  /// key. A ledger has one review at a time.
  Result<Review> begin_review(SourceId source,
                              const std::function<Belonging(std::string_view key)>& place);

  struct Reviewed {
    std::string rules;
    Time now{};
    bool finished = false;      ///< these rules have nothing to remove of what is held now, ...
    std::optional<Time> due{};  ///< ... before this comes (nullopt: ever)
    std::string chain{};        ///< what it was recognised as, so that no rule applies; or empty
  };
  /// Remembers it, in the place of the last one.
  Status note_reviewed(SourceId source, const Reviewed& reviewed);
  /// Returns true when a review by these rules was noted as finished, what is held is still the
  /// same, and it is not due again at `now`.
  Result<bool> is_reviewed(SourceId source, std::string_view rules, Time now);
  /// Remembers that the source was pulled to the end, since `now` unless it was before. Retention
  /// removes nothing before that.
  Status note_pulled(SourceId source, Time now);

  /// Returns true when the file at this path, relative to the disk, is to be removed: its intent is
  /// open.
  Result<bool> is_to_go(SourceId source, std::string_view path);
  /// Returns true when retention removed this content of the key before.
  Result<bool> was_pruned(SourceId source, std::string_view key, const Sha256& sha256);

  /// Calls `visit` with what happened from `since` on, the earliest first, until it returns false:
  /// what came, changed, vanished, was quarantined, superseded, repaired, removed, given up and
  /// acknowledged, one event for each kind in a transaction; each alarm that was raised or ended;
  /// and each drill. Alarms are remembered for ever, the rest for a year.
  Status visit_events(SourceId source, Time since, const std::function<bool(const Event&)>& visit);

 protected:
  explicit ReviewView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
