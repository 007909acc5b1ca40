#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk.h"
#include "store/error.h"
#include "store/layout.h"

namespace store {

using Time = std::chrono::sys_seconds;
using Sha256 = std::array<std::byte, 32>;
using SourceId = std::int64_t;

/// How the upstream names a content. Two equal identities under one key are the same content.
struct Identity {
  std::string etag;  ///< as listed, without quotes
  std::uint64_t size_bytes = 0;
  std::string version_id;  ///< empty when the listing tells none
  bool operator==(const Identity&) const = default;
};

/// A content we hold under archives/.
struct Archive {
  std::string key;
  NameVariant variant = NameVariant::kPlain;
  Identity upstream;
  Time last_modified{};  ///< the upstream's word
  Sha256 sha256{};
  std::string verified_by;  ///< contract section 5: "sha256", "etag-md5", ..., "size"
  Time held_since{};        ///< our clock
  Time read_at{};           ///< when its bytes were last read back and found right
};

/// A content that the bucket has and we do not.
struct Pending {
  std::string key;
  Identity upstream;
  Time last_modified{};
};

enum class Deviation { kNone, kVanished, kChanged };

/// One held key as the planner sees it.
struct HeldKey {
  std::string key;
  Identity upstream;
  Deviation deviation = Deviation::kNone;  ///< as of the last complete listing
  Identity changed_to;                     ///< when kChanged
};

enum class RefusalKind { kUnreadable, kArchived, kMismatch };

/// Why a listed key is not held. Kept so that it is not asked for again at every run.
struct Refusal {
  RefusalKind kind = RefusalKind::kUnreadable;
  Identity upstream;
  Time since{};
  Time asked_at{};
  int asks = 0;
};

struct Alarm {
  std::int64_t id = 0;
  std::string kind;
  std::string key;  ///< empty when it concerns the source
  Time since{};
  std::string message;
};

struct Totals {
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::map<std::string, std::uint64_t> verified_by;
  std::optional<Archive> newest;  ///< by last_modified
  std::optional<Time> oldest_read_at;
  bool sums_stale = false;  ///< SHA256SUMS does not yet say what the ledger says
};

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
  static Result<Ledger> open(Disk& disk, Access access);

  /// Makes an empty ledger where there is none, else does nothing. For `init` and `rebuild`.
  static Status create(Disk& disk);

  ~Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;

  /// The id of a source, registered at its first use (which writes).
  Result<SourceId> register_source(std::string_view name);
  /// nullopt when nothing was ever recorded for it.
  Result<std::optional<SourceId>> find_source(std::string_view name);

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

    Result<std::optional<Refusal>> refusal(std::string_view key);

    /// The key is wanted: replaces what an earlier plan said of it.
    Status want(const Pending& pending);
    Status note_vanished(std::string_view key, Time now);
    Status note_changed(std::string_view key, const Identity& to, Time now);
    /// The key is listed again as we hold it.
    Status note_same(std::string_view key);
    /// Raises an alarm; see Ledger::raise_alarm.
    Result<bool> raise_alarm(std::string_view kind, std::string_view key, std::string_view message,
                             Time now);

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

  /// At most one plan at a time. Keys wanted by an earlier plan under `prefix` and not by this one
  /// are no longer pending once it is committed.
  Result<Plan> begin_plan(SourceId source, std::string_view prefix);

  /// The pending contents of a source that come after `after` (nullptr: from the start) in the
  /// order newest first (last_modified descending, then key ascending); at most `limit`.
  Result<std::vector<Pending>> next_pending(SourceId source, const Pending* after,
                                            std::size_t limit);
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
  };
  /// Records a batch of archives as held, all or none: only after their names are durable. Each one
  /// is no longer pending, its refusal is forgotten, its alarms `unreadable` and `mismatch` end,
  /// and the totals are right.
  Status record(const std::vector<Placed>& batch);

  /// The content was refused upstream or failed its promise: no longer pending, remembered,
  /// counted.
  Status refuse(SourceId source, std::string_view key, RefusalKind kind, const Identity& upstream,
                Time now);
  struct RefusalCounts {
    std::uint64_t unreadable = 0;
    std::uint64_t archived = 0;
    std::uint64_t mismatch = 0;
  };
  Result<RefusalCounts> refusal_counts(SourceId source);

  Status mark_sums_written(SourceId source);

  // ---- alarms ------------------------------------------------------------------------------

  /// True when it is new; an open alarm of the same source, kind and key is left as it is.
  Result<bool> raise_alarm(SourceId source, std::string_view kind, std::string_view key,
                           std::string_view message, Time now);
  Status end_alarm(SourceId source, std::string_view kind, std::string_view key, Time now);
  /// The oldest `limit` open alarms of a source.
  Result<std::vector<Alarm>> open_alarms(SourceId source, std::size_t limit);
  Result<std::uint64_t> count_open_alarms(SourceId source);

  // ---- what is held ------------------------------------------------------------------------

  Result<Totals> totals(SourceId source);
  Result<std::optional<Archive>> find(SourceId source, std::string_view key);
  /// True when the key is held or pending: the bucket has, or had, an object of that name.
  Result<bool> knows(SourceId source, std::string_view key);
  /// In byte order of the keys, until `visit` returns false.
  Status visit_archives(SourceId source, const std::function<bool(const Archive&)>& visit);

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
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
