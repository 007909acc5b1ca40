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

/// What the bucket has and we do not: plans, which are made from a listing, and what is pending,
/// which a plan leaves behind. A view of one ledger: durability, threads and errors are those of
/// ledger.h.
class PlanView {
 public:
  /// What one complete listing of a source means. The caller reads the listing and the held keys
  /// side by side, both in byte order, and notes here what it concludes. Nothing of it is durable
  /// before commit() has succeeded; a plan that is destroyed without is taken back. After an error
  /// in any call commit() returns that error: a plan of which a part is missing would say that keys
  /// have vanished which have not. Memory does not grow with the number of calls.
  class Plan {
   public:
    ~Plan();
    Plan(Plan&&) noexcept;

    /// Returns the next held key that starts with the plan's prefix, in byte order; nullptr after
    /// the last. The result lives until the next call of next_held(). The calls below may come
    /// between.
    Result<const HeldKey*> next_held();

    /// Returns why a content of the key could not be had before, or nullopt when none was refused.
    /// `version_id` names a noncurrent version; empty means the current content of the key.
    Result<std::optional<Refusal>> refusal(std::string_view key, std::string_view version_id = {});

    /// Returns what this upstream identity of the key is known to be.
    Result<Known> known(std::string_view key, const Identity& upstream);
    /// Returns true when a listing called the held content so before, and the object itself did
    /// not.
    Result<bool> was_listed_as(std::string_view key, const Identity& upstream);
    /// Returns true when it is a content that lies beside the trusted one and is damaged.
    Result<bool> is_damaged_generation(std::string_view key, const Identity& upstream);
    /// Returns true when it is a content that lies in quarantine.
    Result<bool> is_quarantined(std::string_view key, const Identity& upstream);
    /// Returns true when it is a content of the key that retention removed.
    Result<bool> was_pruned(std::string_view key, const Identity& upstream);

    /// Returns true when want() was called for a content of the key.
    Result<bool> is_wanted(std::string_view key);

    /// The content is to be fetched. Replaces what an earlier plan said of it.
    Status want(const Pending& pending);
    /// The held key is not in the listing, as of `now`.
    Status note_vanished(std::string_view key, Time now);
    /// The listing may have left something out. Takes back what note_vanished() said in this plan,
    /// and leaves pending what was pending and was not listed.
    Status forget_absence();
    /// The held key is listed with another content, which the upstream calls `to`.
    Status note_changed(std::string_view key, const Identity& to, Time now);
    /// The key is listed again as we hold it.
    Status note_same(std::string_view key);
    /// Likewise, and the content that could not be had in its place is gone: forgets that refusal,
    /// and ends the alarms `unreadable`, `mismatch` and `ghost` of the key.
    Status note_restored(std::string_view key, Time now);
    /// The source is on HOLD, since `now` or since it was before.
    Status hold(Time now);
    /// Takes back what want() was told of keys that are held, but for their repair: on HOLD nothing
    /// that changed is fetched.
    Status forget_changes();
    /// Remembers when the source was first listed, and when it was listed last, to within a day.
    /// After forget_absence() only the first time: nothing may be concluded from what this listing
    /// lacks.
    Status note_listed(Time now);
    /// How a held key stands against the last complete listing, for visit_struck().
    enum class Strike { kGone = 1, kChanged = 2, kReturned = 3 };
    /// Remembers it for as long as the plan lives.
    Status note_strike(std::string_view key, Strike strike);
    /// The held keys of one stream that the last complete listing had and that the configuration
    /// wants, and how many of them have changed or are gone.
    struct Stream {
      std::string name;
      std::uint64_t keys = 0;
      std::uint64_t size_bytes = 0;
      std::uint64_t changed = 0;
      std::uint64_t changed_bytes = 0;
      std::uint64_t gone = 0;
      std::uint64_t gone_bytes = 0;
      /// Of those gone, how many were only rotated out: the oldest of the stream in the order in
      /// which the upstream made them, as long as each is gone; at most as many as new keys came,
      /// and with at most ten times the bytes of those. What the upstream made in the last two days
      /// counts as come, but for what else has gone since.
      std::uint64_t rotated = 0;
      std::uint64_t rotated_bytes = 0;
    };
    /// Calls `visit` with each stream of which something has changed or is gone, as note_strike()
    /// was told. `series_of` names the stream of a key, `wants` says whether the configuration
    /// wants the key. Memory does not grow with the keys.
    Status visit_struck(const std::function<std::string(std::string_view key)>& series_of,
                        const std::function<bool(std::string_view key)>& wants,
                        const std::function<void(const Stream&)>& visit);
    /// How many held keys have changed and how many have vanished since a time.
    struct Deviations {
      std::uint64_t changed = 0;
      std::uint64_t vanished = 0;
    };
    /// Returns that, this plan included, since the source is on HOLD.
    Result<Deviations> deviations_since(Time hold_since);
    /// Raises an alarm with the plan. An open one that says something else says this from now on,
    /// and is announced anew. Returns true when there is news.
    Result<bool> raise_or_renew_alarm(AlarmKind kind, std::string_view key,
                                      std::string_view message, Time now);
    /// Raises an alarm with the plan, as AlarmView::raise_alarm() does. Returns true when it is
    /// new.
    Result<bool> raise_alarm(AlarmKind kind, std::string_view key, std::string_view message,
                             Time now);

    /// Sets aside an entry of a listing that is not in the order of the keys. Returns false when
    /// the same key and version was set aside already, with the same ETag and size.
    Result<bool> set_aside(const ListedEntry& entry);
    /// Calls `visit` with what was set aside, in byte order of the keys and those of one key as
    /// they came, until it returns false.
    Status visit_aside(const std::function<bool(const ListedEntry&)>& visit);

    /// Calls `visit` with what this plan wants, newest first, until it returns false.
    Status visit_wanted(const std::function<bool(const Pending&)>& visit);

    /// Makes the plan durable: what it wants is what is pending of the source from now on. To be
    /// called only after a listing that ended cleanly. Writes nothing when the plan says what was
    /// so before. On an error nothing of the plan is kept.
    Status commit();

   private:
    friend class PlanView;
    struct Impl;
    explicit Plan(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };

  /// Begins a plan for the keys of the source that start with `prefix`. Once it is committed,
  /// nothing of the source is pending but what it wants, whatever prefix an earlier plan had. The
  /// ledger has one plan at a time: kBusy while another is not ended.
  Result<Plan> begin_plan(SourceId source, std::string_view prefix);
  /// Returns the last held key that starts with `prefix` and that the last complete listing had;
  /// nullopt when there is none.
  Result<std::optional<std::string>> last_expected(SourceId source, std::string_view prefix);

  /// Which pending contents are asked for: by whether an earlier run failed to fetch them.
  enum class Setbacks { kAny, kNone, kSome };
  /// Returns the pending contents of a source, newest first (by last_modified descending, then by
  /// key ascending), that come after `after` (nullptr: from the start), at most `limit`.
  Result<std::vector<Pending>> next_pending(SourceId source, const Pending* after,
                                            std::size_t limit, Setbacks setbacks = Setbacks::kAny);
  /// These could not be fetched in this run. In the rest of it they are neither kNone nor kSome;
  /// after recall_setbacks() they are kSome, for as long as the bucket lists the same content.
  Status note_setbacks(SourceId source, const std::vector<Pending>& failed);
  /// A new run has begun: what failed in earlier ones may be tried again.
  Status recall_setbacks(SourceId source);
  /// Returns what note_failed() was told last, false at first.
  Result<bool> has_failed(SourceId source);
  /// Remembers whether the last run of the source ended because its server failed.
  Status note_failed(SourceId source, bool failed);
  /// Returns how many contents of the source are pending.
  Result<std::uint64_t> count_pending(SourceId source);
  /// The number of all that is pending, and its bytes, as listed; a sum beyond 64 bits stays there.
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
