#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/records.h"

namespace store {

enum class Access { kReadOnly, kReadWrite };

/// What we hold and how we know: `.holdfast/ledger.db`.
///
/// Every writing call outside a Plan is one transaction, durable on return. A call that changes
/// nothing writes nothing. One thread at a time. Errors: kCorrupt (damaged, not a ledger, or from a
/// newer holdfast), kNoSpace, kReadOnly, kIo, kNotFound.
class Ledger {
 public:
  /// Opens the ledger; kNotFound when there is none (it is never made here: an empty ledger on a
  /// full disk would forget everything). Pending migrations are applied with kReadWrite. With
  /// kReadOnly it works on a disk that is mounted read-only and creates no file.
  static Result<Ledger> open(Disk& disk, Access access, std::string_view path = kLedgerPath);

  /// Makes an empty ledger where there is none, else does nothing. For `init` and `rebuild`.
  static Status create(Disk& disk, std::string_view path = kLedgerPath);

  /// Reads all of it: nullopt when SQLite finds nothing wrong, else what it says first.
  Result<std::optional<std::string>> check();

  ~Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;

  /// The id of a source, registered at its first use (which writes).
  Result<SourceId> register_source(std::string_view name);
  /// nullopt when nothing was ever recorded for it.
  Result<std::optional<SourceId>> find_source(std::string_view name);

  /// "" for an id that there is not.
  Result<std::string> source_name(SourceId source);

  // ---- the plan ----------------------------------------------------------------------------

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
    Result<bool> is_damaged_beside(std::string_view key, const Identity& upstream);
    /// Whether it is a content that lies in quarantine.
    Result<bool> is_quarantined(std::string_view key, const Identity& upstream);
    /// Whether it is a content of the key that retention removed.
    Result<bool> was_pruned(std::string_view key, const Identity& upstream);

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
    Result<bool> raise_or_renew_alarm(std::string_view kind, std::string_view key,
                                      std::string_view message, Time now);
    /// Raises an alarm; see Ledger::raise_alarm.
    Result<bool> raise_alarm(std::string_view kind, std::string_view key, std::string_view message,
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
    friend class Ledger;
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

  // ---- effects -----------------------------------------------------------------------------

  struct Placed {
    SourceId source = 0;
    Archive archive;
    bool watched = false;  ///< it is an arrival in its series; see take_arrivals()
  };
  /// An intent: this held key is about to get another content.
  struct Supersession {
    SourceId source = 0;
    std::string key;
  };
  /// An intent: this verified content is about to get a name. Everything that its record needs.
  struct Placement {
    SourceId source = 0;
    Archive archive;
    Role role = Role::kNew;
    bool watched = false;
  };
  /// A listing calls a content by an ETag that is not its own, with the same size and date. Once it
  /// may be that it was overwritten between the two.
  struct ListedAs {
    SourceId source = 0;
    std::string key;
    Identity upstream;  ///< as listed
    Sha256 sha256{};
  };
  Result<bool> was_listed_as(const ListedAs& listed);
  /// A batch of effects, recorded all or none, once every name in it is durable.
  struct Batch {
    struct Beside {
      SourceId source = 0;
      Generation generation;
      std::optional<Role> fetched_as;  ///< none: it was held before, elsewhere
    };
    /// A fetched content turned out to be one that we have.
    struct Same {
      SourceId source = 0;
      std::string key;
      Identity upstream;
      Sha256 sha256{};
      Role role = Role::kChanged;
    };
    /// A held content was fetched again and lies where it did, whole.
    struct Repaired {
      SourceId source = 0;
      std::string key;
      std::string generation_path;  ///< empty: it is the one under archives/
      Identity upstream;
      Role role = Role::kRepair;
    };
    struct Removed {
      SourceId source = 0;
      std::string key;
      std::string path;  ///< of the generation that is no longer
    };
    struct Raised {
      SourceId source = 0;
      std::string kind;
      std::string key;
      std::string message;  ///< of an open alarm too, which then says the newest
    };
    struct Ended {
      SourceId source = 0;
      std::string kind;
      std::string key;
    };
    Time now{};
    std::vector<Placed> archives;  ///< a key that is held gets this content in the other's stead
    std::vector<Beside> generations;
    std::vector<Same> same;
    std::vector<ListedAs> listed_as;
    std::vector<Repaired> repaired;
    std::vector<Removed> removed;
    std::vector<Raised> raised;
    std::vector<Ended> ended;
    std::vector<Supersession> intents;  ///< these stay open: there is still something to tidy up
    std::vector<Placement> placements;  ///< these end: what they meant is recorded
  };
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

  /// All calls that `work` makes become one transaction.
  Status bundle(const std::function<Status()>& work);

  /// All that were ever registered. Few: there are as many as sections of the configuration.
  Result<std::vector<std::pair<SourceId, std::string>>> sources();

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

  /// The content was refused upstream or failed its promise: no longer pending, remembered,
  /// counted.
  Status refuse(SourceId source, std::string_view key, RefusalKind kind, const Identity& upstream,
                Time now, Role role = Role::kNew);
  /// Likewise, and raises an alarm with it, unless this very content was refused before: what was
  /// acknowledged is not raised again. True when it is new.
  Result<bool> refuse_with_alarm(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role,
                                 std::string_view alarm_kind, std::string_view message);
  struct Asked {
    int asks = 0;  ///< how often this very content was refused, this time included
    Time since{};
  };
  /// As refuse().
  Result<Asked> refuse_and_count(SourceId source, std::string_view key, RefusalKind kind,
                                 const Identity& upstream, Time now, Role role);
  /// Where this content was denied, and no longer is: all that were denied, of the source, are due.
  Status ask_denied_again(SourceId source, std::string_view key, Role role,
                          const Identity& upstream);
  /// One refusal with its alarm; `message` is of that.
  struct Refused {
    SourceId source = 0;
    std::string key;
    RefusalKind kind = RefusalKind::kUnreadable;
    Identity upstream;
    Role role = Role::kNew;
    std::string alarm_kind;
    std::string message;
  };
  /// Likewise for many, in one transaction; says of each whether it is new.
  Result<std::vector<bool>> refuse_with_alarms(const std::vector<Refused>& refused, Time now);
  struct RefusalCounts {
    std::uint64_t unreadable = 0;
    std::uint64_t archived = 0;
    std::uint64_t mismatch = 0;
  };
  Result<RefusalCounts> refusal_counts(SourceId source);

  Status mark_sums_written(SourceId source);

  Status end_hold(SourceId source);

  // ---- our clock ---------------------------------------------------------------------------

  /// The newest time that this machine's clock recorded; nullopt: none yet.
  Result<std::optional<Time>> newest_own_time();
  /// Never goes back.
  Status note_own_time(Time now);
  /// From here on it is not known when what comes to the source is held: our clock cannot be right.
  Status doubt_ages(SourceId source);
  /// In doubt: no series has its newest archive at a time that is yet to come, by this guess.
  Status bound_series(SourceId source, Time now);
  /// Our clock is right again, and says `now`: what came in doubt is held since now, and so is what
  /// was recorded as of a time that is yet to come. Writes nothing where nothing is so.
  Status settle_ages(SourceId source, Time now);

  // ---- alarms ------------------------------------------------------------------------------

  /// True when it is new; an open alarm of the same source, kind and key is left as it is.
  Result<bool> raise_alarm(SourceId source, std::string_view kind, std::string_view key,
                           std::string_view message, Time now);
  Result<bool> is_open(SourceId source, std::string_view kind, std::string_view key);
  /// Whether one was raised at or after `after`, open or not.
  Result<bool> was_raised(SourceId source, std::string_view kind, std::string_view key, Time after);
  Status end_alarm(SourceId source, std::string_view kind, std::string_view key, Time now);
  /// At most `limit` open alarms of a source: the gravest first, then the oldest.
  Result<std::vector<Alarm>> open_alarms(SourceId source, std::size_t limit);
  /// The open alarm with this id.
  Result<std::optional<Alarm>> open_alarm(SourceId source, std::int64_t alarm);
  Result<std::uint64_t> count_open_alarms(SourceId source);

  /// Ends one open alarm of a source, or all of them; returns how many.
  Result<std::uint64_t> acknowledge(SourceId source, std::optional<std::int64_t> alarm, Time now);
  /// The open alarms of any source that mark_announced() has not been told of, the gravest first
  /// (see store/alarm_kind.h), then the oldest.
  struct Unannounced {
    SourceId source = 0;
    Alarm alarm;
  };
  Result<std::vector<Unannounced>> unannounced_alarms(std::size_t limit);
  /// How many of each kind, the gravest first.
  Result<std::vector<std::pair<std::string, std::uint64_t>>> count_unannounced();
  Status mark_announced(std::int64_t alarm);
  Status mark_all_announced();

  // ---- what is held ------------------------------------------------------------------------

  Result<Totals> totals(SourceId source);

  /// The newest archive that the last complete listing had as it is held here; where there is none,
  /// the newest of all. nullopt: nothing is held.
  Result<std::optional<Archive>> newest_unchanged(SourceId source);
  Result<std::optional<Archive>> find(SourceId source, std::string_view key);
  /// True when the key is held or pending: the bucket has, or had, an object of that name.
  Result<bool> knows(SourceId source, std::string_view key);
  /// True when a content of the key is to be fetched, so that one may have been placed and not yet
  /// been recorded.
  Result<bool> is_pending(SourceId source, std::string_view key);
  /// Whether a generation of the key lies at this path.
  Result<bool> lies_beside(SourceId source, std::string_view key, std::string_view path);
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
    Time last_modified{};
  };
  /// In the order of the keys, after `after_key`; at most `limit`.
  Result<std::vector<Return>> returns(SourceId source, std::string_view after_key,
                                      std::size_t limit);
  /// How many contents of this key are in quarantine.
  Result<std::uint64_t> count_quarantined(SourceId source, std::string_view key);

  // ---- the scrub ---------------------------------------------------------------------------

  /// `now`, or the first second after it at which nothing was read: the stamp of one pass, by which
  /// it knows what it has read.
  Result<Time> stamp_of_pass(SourceId source, Time now);
  /// The held contents that were not looked at for the longest time, first those; with `beside`
  /// also what lies beside the trusted ones. What is damaged takes its turn like the rest. Leaves
  /// out what was looked at at `stamp`, and begins after `after` (nullptr: at the start), so that
  /// one pass sees each once; at most `limit`.
  Result<std::vector<Holding>> longest_unread(SourceId source, bool beside, Time stamp,
                                              const Holding* after, std::size_t limit);
  /// Records what reading showed. `message` is the text of the alarm `corrupt` or `missing`, raised
  /// where the content was not known to be damaged; such an alarm of a key ends when nothing of the
  /// key is so any more. Returns for each whether it is news.
  Result<std::vector<bool>> record_readings(
      SourceId source, const std::vector<Reading>& readings, Time now,
      const std::function<std::string(const Reading&)>& message);
  /// What is damaged, in the order of key and path, after `after` (nullptr: all), at most `limit`:
  /// of what no repair is pending, and the bucket has no other content under its key. With
  /// `unlisted_only` only what the bucket does not have, as far as a complete listing since has
  /// shown; with `key` only what is that key's.
  struct LossQuery {
    const std::string* key = nullptr;
    bool unlisted_only = true;
  };
  Result<std::vector<Holding>> lost(SourceId source, const LossQuery& which, const Holding* after,
                                    std::size_t limit);
  /// Whether the content under archives/ is known to be damaged.
  Result<bool> is_damaged(SourceId source, std::string_view key);
  /// Where this content of the key lies beside the trusted one, and is damaged.
  Result<std::optional<std::string>> damaged_beside(SourceId source, std::string_view key,
                                                    const Sha256& sha256);
  Status note_scrubbed(SourceId source, Time now);
  /// Of all that is held of the source.
  Result<std::uint64_t> held_bytes(SourceId source);

  // ---- retention ---------------------------------------------------------------------------

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
    friend class Ledger;
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

  /// These are no longer held, and are remembered, so that they are not taken for new ones when
  /// they are listed; but for those that are lost. Their files are still there: see
  /// store/removal.h.
  Status begin_removals(SourceId source, const std::vector<Removal>& removals, Time now);
  /// Those whose files may still be there.
  Result<std::vector<Removal>> open_removals(SourceId source, std::size_t limit);
  Status end_removals(SourceId source, const std::vector<Removal>& removals);
  /// Whether the file at this path is one of them.
  Result<bool> is_to_go(SourceId source, std::string_view path);
  /// Whether this content of the key was removed by retention.
  Result<bool> was_pruned(SourceId source, std::string_view key, const Sha256& sha256);

  // ---- what happened -----------------------------------------------------------------------

  /// What came, changed, vanished, was quarantined, superseded, repaired, removed, given up and
  /// acknowledged, one for each kind in a transaction, and what became of alarms, from `since` on,
  /// the earliest first, until `visit` returns false. A year is remembered, and all alarms.
  Status visit_events(SourceId source, Time since, const std::function<bool(const Event&)>& visit);

  // ---- what is expected of the bucket ------------------------------------------------------

  /// The lifecycle rules that the bucket's x-amz-expiration has named, with the days that they
  /// leave an object.
  struct Expiry {
    std::optional<Time> asked_at;  ///< none: there was no first contact yet
    std::map<std::string, std::int64_t> days_by_rule;
  };
  Result<Expiry> expiry(SourceId source);
  Status note_expiry_rule(SourceId source, std::string_view rule, std::int64_t days);
  Status note_expiry_asked(SourceId source, Time now);

  /// What a set consists of.
  struct SetMade {
    std::uint64_t size_bytes = 0;
    std::uint64_t parts = 0;
    std::uint64_t largest_bytes = 0;  ///< of its parts
    /// What kinds of parts, by their names without the set's; of a set of many parts nothing.
    struct Form {
      std::uint64_t hash = 0;  ///< of the name, whose numbers are left out
      std::uint64_t count = 0;
      std::uint64_t lowest = 0;  ///< of the last number in their names
      std::uint64_t highest = 0;
      bool numbered = false;  ///< there is such a number
      bool operator==(const Form&) const = default;
    };
    std::vector<Form> forms;
    bool operator==(const SetMade&) const = default;
  };
  /// What is known of the habit of a stream.
  struct Habit {
    std::string stream;
    std::uint64_t sets = 0;
    Time first_held_since{};
    Time newest_held_since{};
    std::string last_set;
    std::vector<Time> made;       ///< of the last 11 sets, when the upstream made them
    std::vector<SetMade> recent;  ///< of the last 10 sets that are complete, the newest last
  };
  /// What is asked of the agent about what came.
  struct ArrivalJudge {
    std::function<Belonging(std::string_view key)> place;
    std::function<std::string(std::string_view key)> shape_of;
    /// From the names of the parts without that of the set.
    std::function<std::vector<SetMade::Form>(const std::vector<std::string>& names)> forms_of;
    /// Whether no more of the set is to come, going by those before it.
    std::function<bool(const SetMade& set, const std::vector<SetMade>& recent)> is_complete;
    /// What is wrong with it.
    std::function<std::optional<std::string>(const SetMade& set, const std::vector<SetMade>& recent,
                                             std::string_view stream)>
        complaint;
    std::function<void(const std::string& key, const std::string& message)> raised;
  };
  /// Takes all that arrived since the last call into its sets and streams, the set that the
  /// upstream made first first. A set is judged once it is complete or the next one of its stream
  /// begins: what is wrong becomes an open alarm `small` of the set, told to `raised`, which ends
  /// when the rest comes. Where `spec` is not that of the last call the streams are made anew from
  /// all that is held, which is judged no more. All or nothing.
  Status take_arrivals(SourceId source, std::string_view spec, const ArrivalJudge& judge, Time now);
  /// Nothing is expected of the source: what comes from here on is not counted, and once something
  /// is expected again the streams are made anew.
  Status forget_series(SourceId source);
  /// When the newest archive of any stream came.
  Result<std::optional<Time>> newest_arrival(SourceId source);
  /// The streams with at least `sets` sets, by name, until `visit` returns false.
  Status visit_habits(SourceId source, std::uint64_t sets,
                      const std::function<bool(const Habit&)>& visit);
  Result<std::optional<Habit>> habit(SourceId source, std::string_view stream);
  /// Whether a stream of the same shape began after this one's last set came.
  Result<bool> has_successor(SourceId source, std::string_view stream);
  /// The keys of a set that are held: those that begin with `set`, at most `limit`.
  Result<std::vector<std::string>> keys_from(SourceId source, std::string_view set,
                                             std::size_t limit);

  // ---- what an endpoint can and cannot -----------------------------------------------------

  Result<std::optional<std::string>> endpoint_fact(std::string_view endpoint,
                                                   std::string_view fact);
  Status set_endpoint_fact(std::string_view endpoint, std::string_view fact,
                           std::string_view value);
  /// Notes that `object` speaks for `fact` and returns how many different objects do.
  Result<std::uint64_t> add_endpoint_evidence(std::string_view endpoint, std::string_view fact,
                                              std::string_view object);

 private:
  struct Impl;
  Status add_scrub(SourceId source, Totals& totals);
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
