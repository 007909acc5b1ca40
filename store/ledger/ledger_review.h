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

/// What retention has to decide on. A view of one ledger; see ledger.h.
class ReviewView {
 public:
  /// All that is held of a source, by stream, there the one held last first (then the one made
  /// last, then the last name, then the trusted one), with the set that each belongs to. It lies in
  /// temporary tables: memory does not grow with it, and nothing is written to the ledger.
  class Review {
   public:
    ~Review();
    Review(Review&&) noexcept;

    /// The newest time that was recorded of what is held of the source, or by our clock at all.
    Time newest_recorded() const;

    Status visit(const std::function<bool(const Candidate&)>& visit);  ///< until it returns false
    Status visit_sets(const std::function<bool(const HeldSet&)>& visit);
    /// Notes something, other than 0, of a set, beside what was; also in the midst of visit().
    Status note_kept(std::int64_t set, std::uint32_t keeps);

    /// Notes that the set is to go.
    Status mark(const HeldSet& set);
    /// So many of the marked ones, of the trusted or of the others, go in this run: those of which
    /// nothing came for the longest time.
    Status choose(bool trusted, std::uint64_t most_sets);
    Result<bool> is_due(std::int64_t set);
    /// The contents of the chosen sets that come after `after` (nullptr: all), set by set; at most
    /// `limit`. Of `set` only what tells it from another is set.
    Result<std::vector<Candidate>> due(bool trusted, const Candidate* after, std::size_t limit);

   private:
    friend class ReviewView;
    struct Impl;
    explicit Review(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  /// At most one review at a time.
  Result<Review> begin_review(SourceId source,
                              const std::function<Belonging(std::string_view key)>& place);

  struct Reviewed {
    std::string rules;
    Time now{};
    bool finished = false;      ///< these rules have nothing to remove of what is held now, ...
    std::optional<Time> due{};  ///< ... before this comes (nullopt: ever)
    std::string chain{};        ///< what it was recognised as, so that no rule applies; or empty
  };
  Status note_reviewed(SourceId source, const Reviewed& reviewed);
  /// Whether that was noted as finished, and neither what is held nor the time has changed it
  /// since.
  Result<bool> is_reviewed(SourceId source, std::string_view rules, Time now);
  /// The source was pulled to the end, by a holdfast that knows streams and sets.
  Status note_pulled(SourceId source, Time now);

  /// Whether the file at this path is one of them.
  Result<bool> is_to_go(SourceId source, std::string_view path);
  /// Whether this content of the key was removed by retention.
  Result<bool> was_pruned(SourceId source, std::string_view key, const Sha256& sha256);

  /// What came, changed, vanished, was quarantined, superseded, repaired, removed, given up and
  /// acknowledged, one for each kind in a transaction, and what became of alarms, from `since` on,
  /// the earliest first, until `visit` returns false. A year is remembered, and all alarms.
  Status visit_events(SourceId source, Time since, const std::function<bool(const Event&)>& visit);

 protected:
  explicit ReviewView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
