#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/listing/tripwire.h"
#include "s3client/client.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Compares a listing with the ledger, and writes into the plan what is wanted and what deviates.
/// Both sides come in byte order of the keys and are joined as they come, so the memory is
/// constant, however many keys there are. The caller commits the plan. Every error is the ledger's.
class Planner {
 public:
  struct Figures {
    std::uint64_t listed = 0;
    std::uint64_t matched = 0;  ///< entries that `include` and `exclude` let through
    std::uint64_t wanted = 0;
    std::uint64_t wanted_bytes = 0;
    std::uint64_t changed = 0;     ///< held keys that have another content in the bucket
    std::uint64_t returned = 0;    ///< of those: keys whose new content is one that we hold
    std::uint64_t vanished = 0;    ///< held keys that the bucket no longer lists
    std::uint64_t unreadable = 0;  ///< contents that were refused, and are not due again yet
    std::uint64_t broken = 0;      ///< contents that broke their promise, and are not due again yet
    std::uint64_t archived = 0;    ///< contents in a storage class that has to be restored first
    std::uint64_t too_long = 0;    ///< keys longer than S3 allows, which are left out
    std::string too_long_example;  ///< the first of those keys
    bool on_hold = false;
  };

  /// `plan` and `source` outlive the planner. `on_hold_since` is set where an earlier run has put
  /// the source on HOLD.
  Planner(store::Ledger::Plan& plan, const SourceConfig& source,
          std::optional<store::Time> on_hold_since, store::Time now);

  /// Makes this listing the base line, because nothing is known of an earlier one, as after a
  /// rebuild: what deviates does not trip the wire, unless the listing is empty. Is called before
  /// plan_page().
  void set_base_line() { base_line_ = true; }

  /// Makes the planner want refused contents too, as `adopt` does, which looks for them elsewhere.
  /// Is called before plan_page().
  void want_refused() { wants_refused_ = true; }

  /// Adds the next page of the listing to the plan.
  store::Status plan_page(const std::vector<s3::ListedObject>& page);

  /// Sets the sentence that the alarm `mass-change` says on why so much is missing.
  void set_reason(std::string why) { why_ = std::move(why); }

  /// Adds what only the end of the listing shows: held keys behind its last one. No page comes
  /// after it.
  store::Status end();
  /// The first key that the last complete listing had and this one, as far as it came, has not.
  const std::optional<std::string>& missing() const { return missing_; }

  enum class Absence {
    kMeansGone,     ///< a held key that is not listed has vanished
    kMeansNothing,  ///< the listing may have left keys out, so nothing has vanished
  };
  /// Concludes, after end(), which it calls if nobody did. Puts the source on HOLD where so much
  /// has changed or vanished that the wire is tripped; then the plan wants no held key but for
  /// repairs.
  store::Status finish(Absence absence = Absence::kMeansGone);

  const Figures& figures() const { return figures_; }
  /// The first current keys that `include` and `exclude` did not let through; empty where they let
  /// any key through.
  const std::vector<std::string>& dropped() const { return dropped_; }
  /// What the alarm `mass-change` says, where this listing raised it or changed what it says.
  const std::optional<std::string>& tripped() const { return tripped_; }
  /// Keys whose earlier content has come back, each with what the alarm `changed` says of it.
  const std::vector<std::pair<std::string, std::string>>& returned() const { return returned_; }

 private:
  store::Status plan_entry(const s3::ListedObject& object);
  void drop(const s3::ListedObject& object);
  bool is_as_it_was(const s3::ListedObject& object) const;
  store::Status compare(const s3::ListedObject& object);
  store::Status consider_unheld(const s3::ListedObject& object);
  store::Status consider(const s3::ListedObject& object, store::Role role);
  store::Status consider_repair(const s3::ListedObject& object, store::Role role);
  store::Status consider_noncurrent(const s3::ListedObject& object);
  using Strike = store::Ledger::Plan::Strike;
  store::Status strike(Strike what);
  store::Status weigh_strikes();
  store::Status keep_hold_up_to_date(bool concludes);
  store::Status note_return(const s3::ListedObject& object);
  store::Status leave_held();
  void count_waiting(store::RefusalKind kind);
  store::Status want(const store::Pending& pending);
  store::Status want_probe();
  store::Status advance();

  store::Ledger::Plan& plan_;
  const SourceConfig& source_;
  const std::optional<store::Time> on_hold_since_;
  const store::Time now_;
  Figures figures_;
  std::vector<std::string> dropped_;
  Tripwire tripwire_;
  std::string why_;
  std::optional<std::string> missing_;
  std::uint64_t vanished_before_ = 0;
  std::optional<std::string> tripped_;
  const store::HeldKey* held_ = nullptr;
  bool held_is_listed_ = false;
  std::optional<store::Pending> probe_;
  store::Time probe_asked_at_{};
  bool held_is_watched_ = false;
  bool any_change_ = false;
  std::vector<std::pair<std::string, std::string>> returned_;
  bool started_ = false;
  bool base_line_ = false;
  bool wants_refused_ = false;
};

}  // namespace agent
