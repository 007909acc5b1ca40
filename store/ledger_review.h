#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace store {

struct OpenLedger;

/// What retention has to decide on. A view of one ledger; see ledger.h.
class ReviewView {
 public:
  /// All that is held of a source, by series, there the one held last first (then the one made
  /// last, then the last name, then the trusted one). It lies in temporary tables: memory does not
  /// grow with it, and nothing is written to the ledger.
  class Review {
   public:
    ~Review();
    Review(Review&&) noexcept;

    /// The newest time that was recorded of what is held of the source, or by our clock at all.
    Time newest_recorded() const;

    Status visit(const std::function<bool(const Candidate&)>& visit);  ///< until it returns false
    /// Notes something, other than 0, of the one with this rank; also in the midst of visit().
    Status note_kept(std::uint64_t rank, std::uint32_t keeps);
    /// As visit(), with what was noted.
    Status visit_noted(const std::function<bool(const Candidate&)>& visit);

    /// Notes that it is to go.
    Status mark(const Candidate& candidate);
    struct Marked {
      std::uint64_t contents = 0;
      std::uint64_t size_bytes = 0;
    };
    /// Of those under archives/, or of those beside.
    Result<Marked> marked(bool trusted);
    /// Those that come after `after` (nullptr: all), the one held longest first; at most `limit`.
    Result<std::vector<Candidate>> oldest_marked(bool trusted, const Candidate* after,
                                                 std::size_t limit);

   private:
    friend class ReviewView;
    struct Impl;
    explicit Review(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  /// At most one review at a time.
  Result<Review> begin_review(SourceId source,
                              const std::function<std::string(std::string_view key)>& series_of);

  /// These rules have nothing to remove of what is held now, before `due` comes (nullopt: ever).
  Status note_reviewed(SourceId source, std::string_view rules, std::optional<Time> due);
  /// Whether that was noted, and neither what is held nor the time has changed it since.
  Result<bool> is_reviewed(SourceId source, std::string_view rules, Time now);

  /// Whether the file at this path is one of them.
  Result<bool> is_to_go(SourceId source, std::string_view path);
  /// Whether this content of the key was removed by retention.
  Result<bool> was_pruned(SourceId source, std::string_view key, const Sha256& sha256);

 protected:
  explicit ReviewView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
