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
#include "store/ledger/alarm_kind.h"
#include "store/ledger/records.h"

namespace store {

struct OpenLedger;

/// What the bucket has and we do not: plans, and what is pending. A view of one ledger; see
/// ledger.h.
class PlanView {
 public:
  /// What one complete listing of a source means, as one transaction that commit() makes durable
  /// and the destructor takes back. Memory does not grow with the number of calls.
  class Plan {
   public:
    ~Plan();
    Plan(Plan&&) noexcept;

    /// The held keys that start with `prefix`, in byte order; nullptr after the last. The result
    /// lives until the next call. The calls below may be mixed in freely.
    Result<const HeldKey*> next_held();

    /// `version_id`: of a noncurrent version; empty: of the key's current content.
    Result<std::optional<Refusal>> refusal(std::string_view key, std::string_view version_id = {});

    Result<Known> known(std::string_view key, const Identity& upstream);
    /// Whether the listing has called the held content so once, and the object itself did not.
    Result<bool> was_listed_as(std::string_view key, const Identity& upstream);
    /// Whether it is a content that lies beside the trusted one, and is damaged.
    Result<bool> is_damaged_generation(std::string_view key, const Identity& upstream);
    /// Whether it is a content that lies in quarantine.
    Result<bool> is_quarantined(std::string_view key, const Identity& upstream);
    /// Whether it is a content of the key that retention removed.
    Result<bool> was_pruned(std::string_view key, const Identity& upstream);

    /// Whether a content of the key is wanted by now.
    Result<bool> is_wanted(std::string_view key);

    /// The content is wanted: replaces what an earlier plan said of it.
    Status want(const Pending& pending);
    Status note_vanished(std::string_view key, Time now);
    /// The listing may have left something out: what was noted as vanished has not, and what is
    /// pending and was not listed stays so.
    Status forget_absence();
    Status note_changed(std::string_view key, const Identity& to, Time now);
    /// The key is listed again as we hold it.
    Status note_same(std::string_view key);
    /// Likewise, and what could not be had in its place is gone: ends the alarms `unreadable` and
    /// `mismatch` of the key.
    Status note_restored(std::string_view key, Time now);
    /// The source is on HOLD from here on.
    Status hold(Time now);
    /// Takes back what was wanted of keys that are held, but for their repair: on HOLD nothing that
    /// changed is fetched.
    Status forget_changes();
    /// Remembers when the source was first listed, and last, to within a day. After
    /// forget_absence() only the first: nothing may be concluded from what this listing lacks.
    Status note_listed(Time now);
    /// For mass_change(): how a held and wanted key stands against the last complete listing.
    enum class Strike { kGone = 1, kChanged = 2, kReturned = 3 };
    Status note_strike(std::string_view key, Strike strike);
    /// Of the held and wanted keys that the last complete listing had: those of one series.
    struct Stream {
      std::string name;
      std::uint64_t keys = 0;
      std::uint64_t size_bytes = 0;
      std::uint64_t changed = 0;
      std::uint64_t changed_bytes = 0;
      std::uint64_t gone = 0;
      std::uint64_t gone_bytes = 0;
      /// Of those gone: the oldest of all, in the order in which the upstream made them, at most as
      /// many as new keys came, and with at most ten times their bytes. What the upstream made in
      /// the last two days counts as come, but for what else has gone since.
      std::uint64_t rotated = 0;
      std::uint64_t rotated_bytes = 0;
    };
    /// Calls `visit` for each series of which something has changed or is gone. Memory does not
    /// grow with the keys.
    Status visit_struck(const std::function<std::string(std::string_view key)>& series_of,
                        const std::function<bool(std::string_view key)>& wants,
                        const std::function<void(const Stream&)>& visit);
    /// What has changed and vanished since the source is on HOLD.
    struct Deviations {
      std::uint64_t changed = 0;
      std::uint64_t vanished = 0;
    };
    Result<Deviations> deviations_since(Time hold_since);
    /// Raises it; an open one that says something else says this from now on, and is told anew.
    /// True when there is news.
    Result<bool> raise_or_renew_alarm(AlarmKind kind, std::string_view key,
                                      std::string_view message, Time now);
    /// Raises an alarm; see Ledger::raise_alarm.
    Result<bool> raise_alarm(AlarmKind kind, std::string_view key, std::string_view message,
                             Time now);

    /// Sets an entry of a listing aside that is not in the order of the keys; false when it is
    /// there already, with the same ETag and size.
    Result<bool> set_aside(const ListedEntry& entry);
    /// In byte order of the keys, those of one key as they came, until `visit` returns false.
    Status visit_aside(const std::function<bool(const ListedEntry&)>& visit);

    /// Calls `visit` for what this plan wants, newest first, until it returns false.
    Status visit_wanted(const std::function<bool(const Pending&)>& visit);

    /// Only for a listing that ended cleanly. Writes nothing when the plan is what it was before.
    Status commit();

   private:
    friend class PlanView;
    struct Impl;
    explicit Plan(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };

  /// At most one plan at a time, of the keys under `prefix`. Once it is committed nothing of the
  /// source is pending but what it wants, whatever prefix an earlier one had.
  Result<Plan> begin_plan(SourceId source, std::string_view prefix);
  /// The last of the held keys that start with `prefix` and that the last complete listing had.
  Result<std::optional<std::string>> last_expected(SourceId source, std::string_view prefix);

  /// The pending contents of a source that come after `after` (nullptr: from the start) in the
  /// order newest first (last_modified descending, then key ascending); at most `limit`.
  enum class Setbacks { kAny, kNone, kSome };
  Result<std::vector<Pending>> next_pending(SourceId source, const Pending* after,
                                            std::size_t limit, Setbacks setbacks = Setbacks::kAny);
  /// These could not be fetched in this run, and are neither kNone nor kSome in the rest of it.
  /// Remembered as long as the bucket lists the same content.
  Status note_setbacks(SourceId source, const std::vector<Pending>& failed);
  /// A new run: what failed in those before may be tried again.
  Status recall_setbacks(SourceId source);
  /// Whether the source's server failed us in its last run.
  Result<bool> has_failed(SourceId source);
  Status note_failed(SourceId source, bool failed);
  Result<std::uint64_t> count_pending(SourceId source);
  /// Bytes and number of all that is pending for it.
  struct Backlog {
    std::uint64_t archives = 0;
    std::uint64_t size_bytes = 0;
  };
  Result<Backlog> backlog(SourceId source);

 protected:
  explicit PlanView(OpenLedger* open) : impl_(open) {}

 private:
  OpenLedger* impl_;  ///< of the Ledger, which outlives it
};

}  // namespace store
