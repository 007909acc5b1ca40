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

/// Compares a listing with the ledger as a merge join: both are in byte order of the keys, so the
/// memory is constant, however many there are. What is to be done goes into the plan, a table.
class Planner {
 public:
  struct Figures {
    std::uint64_t listed = 0;
    std::uint64_t matched = 0;  ///< entries that include and exclude let through
    std::uint64_t wanted = 0;
    std::uint64_t wanted_bytes = 0;
    std::uint64_t changed = 0;     ///< held keys whose content is another one upstream
    std::uint64_t returned = 0;    ///< of those: what was held before, and is to be trusted again
    std::uint64_t vanished = 0;    ///< held keys that the bucket no longer lists
    std::uint64_t unreadable = 0;  ///< refused earlier, and not asked for again yet
    std::uint64_t broken = 0;      ///< likewise, because they broke their promise
    std::uint64_t archived = 0;
    std::uint64_t too_long = 0;    ///< keys that no S3 has; nothing is done with them
    std::string too_long_example;  ///< the first of them
    bool on_hold = false;
  };

  /// `plan` and `source` outlive the planner. `on_hold_since`: an earlier run.
  Planner(store::Ledger::Plan& plan, const SourceConfig& source,
          std::optional<store::Time> on_hold_since, store::Time now);

  /// Nothing is known of an earlier listing, as after a rebuild: what deviates is the base line,
  /// and only an empty listing trips the wire.
  void set_base_line() { base_line_ = true; }

  /// What was refused is wanted all the same: it is looked for elsewhere.
  void want_refused() { wants_refused_ = true; }

  /// The next page of the listing.
  store::Status plan_page(const std::vector<s3::ListedObject>& page);

  /// What is known of why so much is missing: a sentence for the alarm `mass-change`.
  void set_reason(std::string why) { why_ = std::move(why); }

  /// There is no page left.
  store::Status end();
  /// The first key that the last complete listing had, and this one, up to here, has not.
  const std::optional<std::string>& missing() const { return missing_; }

  enum class Absence {
    kMeansGone,     ///< what was held and not listed has vanished
    kMeansNothing,  ///< the listing may have left something out
  };
  /// The listing ended: so much may have changed that the source goes on HOLD.
  store::Status finish(Absence absence = Absence::kMeansGone);

  const Figures& figures() const { return figures_; }
  /// The first current keys that include and exclude did not let through, while they let nothing
  /// through at all.
  const std::vector<std::string>& dropped() const { return dropped_; }
  /// What the alarm `mass-change` says, when this listing has raised it, or has more to say.
  const std::optional<std::string>& tripped() const { return tripped_; }
  /// Keys whose earlier content has come back, and what the alarm `changed` says of it.
  const std::vector<std::pair<std::string, std::string>>& returned() const { return returned_; }

 private:
  store::Status plan_entry(const s3::ListedObject& object);
  void drop(const s3::ListedObject& object);
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

/// When a refused content is asked for again: an archived one after a day, which is 20 hours here;
/// an unreadable one, one that broke its promise and one that was deleted after a day, then two,
/// four, ... at most 30; what the bucket lists and does not have at every run.
bool is_due(const store::Refusal& refusal, store::Time now);

}  // namespace agent
