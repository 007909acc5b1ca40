#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "store/content/generation_paths.h"
#include "store/content/key_path.h"
#include "store/content/proof_level.h"
#include "store/disk/time.h"

// What the ledger remembers, as values.
namespace store {

using Sha256 = std::array<std::byte, 32>;
using SourceId = std::int64_t;

/// How the upstream names a content. Two equal identities under one key are the same content.
struct Identity {
  std::string etag;  ///< as listed, without quotes
  std::uint64_t size_bytes = 0;
  std::string version_id;   ///< empty when the listing tells none
  UpstreamTime modified{};  ///< LastModified, which stands in for an ETag where there is none
  bool operator==(const Identity&) const = default;
};

/// What a look at a content has shown that does not fit its name, or the habit of its stream. It is
/// held like any other, but counts for no keep rule in the stead of a sound one. The numbers stand
/// in ledgers and manifests.
enum class Unsound {
  kNo = 0,
  kOtherForm = 1,  ///< of another form than expected, which may be meant
  kBroken = 2,     ///< cut, empty, or an error message in its place; or some of its set is lost
  kSmall = 3,      ///< its set was smaller than those before it, or lacked parts of them
};

/// Whatever is no such number is kBroken, so that nothing is taken for sound that was not.
Unsound unsound_of(std::int64_t number);

/// A content we hold under archives/.
struct Archive {
  std::string key;
  NameVariant variant = NameVariant::kPlain;
  Identity upstream;
  UpstreamTime last_modified{};
  Sha256 sha256{};
  ProofLevel verified_by = ProofLevel::kSize;
  Time held_since{};  ///< our clock
  Time read_at{};     ///< when its bytes were last read back and found right
  Unsound unsound = Unsound::kNo;
};

/// What a content would be to us. One key can wait for its current content and for any number of
/// noncurrent ones.
enum class Role {
  kNew = 0,         ///< of a key that is not held: the first content, which we will trust
  kChanged = 1,     ///< of a key that is held with another content
  kNoncurrent = 2,  ///< a version that is not the current one
  kRepair = 3,      ///< the very content that is held, whose copy here is damaged
  kOrphan = 4,      ///< of a key that the bucket no longer has, from elsewhere
};

/// What the contents of a stream look like, as numbers of the agent's.
struct StreamForm {
  SourceId source = 0;
  std::string stream;
  std::int64_t form = 0;  ///< of the last `sets` sets that were alike
  bool is_cut = false;
  unsigned sets = 0;
  std::string last_set;
  UpstreamTime modified{};     ///< of the newest content that was looked at
  std::int64_t seen_form = 0;  ///< of the last one
  bool seen_cut = false;
  std::uint64_t unsound = 0;  ///< so many in a row that do not fit
  bool may_change = false;    ///< what they are may be meant
  bool operator==(const StreamForm&) const = default;
};

/// What a walk through a held content has shown, with numbers of the agent's.
struct WalkRecord {
  SourceId source = 0;
  std::string key;
  Sha256 sha256{};  ///< of the content
  std::string stream;
  UpstreamTime modified{};
  Time walked_at{};
  unsigned tries = 1;
  bool again = false;  ///< it was of no use, and is worth another try
  std::int64_t verdict = 0;
  std::int64_t cause = 0;  ///< 0: it was walked to its end
  std::string why;
  std::int64_t form = 0;
  std::int64_t inner = 0;
  std::optional<std::uint64_t> members{};
  std::uint64_t unpacked_bytes = 0;
  std::optional<std::uint64_t> tables{};
  bool operator==(const WalkRecord&) const = default;
};

/// A content that the bucket has and we do not.
struct Pending {
  std::string key;
  Identity upstream;
  UpstreamTime last_modified{};
  Role role = Role::kNew;
};

/// One entry of a listing.
struct ListedEntry {
  std::string key;
  Identity upstream;
  UpstreamTime last_modified{};
  std::string storage_class;
  bool is_latest = true;
  bool is_delete_marker = false;
};

/// A content that we hold beside the trusted one of its key.
struct Generation {
  std::string key;
  Place place = Place::kSuperseded;
  std::string path;  ///< relative to the disk, as it was placed
  Identity upstream;
  UpstreamTime last_modified{};
  Sha256 sha256{};
  ProofLevel verified_by = ProofLevel::kSize;
  Time held_since{};  ///< when we first held this content, wherever
  Time read_at{};
  Time placed_at{};  ///< when it came to this place
  Unsound unsound = Unsound::kNo;
};

/// The trusted content of a key, once it lies beside another one.
Generation generation_of(const Archive& archive, Place place, std::string path, Time placed_at);

/// What an upstream identity that is not the held one's is known to be.
enum class Known {
  kNo,
  kHeld,        ///< the very content that is held under archives/
  kGeneration,  ///< a content that lies, or lay, beside it
};

enum class Deviation { kNone, kVanished, kChanged };

/// A held content, wherever it lies, as the scrub sees it.
struct Holding {
  std::string key;
  NameVariant variant = NameVariant::kPlain;
  std::string generation_path;  ///< relative to the disk; empty: it is the one under archives/
  std::uint64_t size_bytes = 0;
  Sha256 sha256{};
  Time looked_at{};      ///< when it was last read, whatever that showed
  bool damaged = false;  ///< as it showed then
};

enum class Finding {
  kRight = 0,
  kCorrupt = 1,  ///< its bytes are others, or cannot be read
  kMissing = 2,  ///< there is no file of that name
};

/// What reading a held content again has shown.
struct Reading {
  Holding holding;
  std::string path;  ///< where it was looked for
  Finding finding = Finding::kRight;
  std::string detail;           ///< what is wrong, for a person
  bool cannot_be_read = false;  ///< the device says so; kCorrupt
};

/// One held key as the planner sees it.
struct HeldKey {
  std::string key;
  Identity upstream;
  UpstreamTime last_modified{};  ///< when it was fetched
  bool damaged = false;          ///< the copy under archives/ was found corrupt or missing
  Deviation deviation = Deviation::kNone;  ///< as of the last complete listing
  Identity changed_to;                     ///< when kChanged
};

/// Where a key belongs.
struct Belonging {
  std::string stream;
  std::size_t set_bytes = 0;  ///< so many bytes of the key name its set
  bool has_time = true;       ///< false: the key is a set of its own
};

/// What is kept or removed together: the archives of one backup, or one content that lies beside.
struct HeldSet {
  std::int64_t id = 0;  ///< in the order of the keys
  bool trusted = false;
  std::uint64_t contents = 0;
  std::uint64_t size_bytes = 0;
  Time oldest_held{};
  Time newest_held{};
  bool damaged = false;     ///< one of its contents is
  bool unsound = false;     ///< likewise
  bool small = false;       ///< it was found so when it came
  bool has_others = false;  ///< trusted, and contents of one of its keys lie beside
  bool had_others = false;  ///< or did, and were removed by retention
  std::uint32_t keeps = 0;  ///< what Review::note_kept() was told of it
};

/// A held content, wherever it lies, as retention sees it.
struct Candidate {
  std::string stream;
  HeldSet set;
  std::size_t set_bytes = 0;  ///< of its key; 0: it is a set of its own
  std::string key;
  NameVariant variant = NameVariant::kPlain;
  std::string generation_path;       ///< relative to the disk; empty: it is the one under archives/
  Place place = Place::kSuperseded;  ///< of a generation
  std::uint64_t size_bytes = 0;
  UpstreamTime last_modified{};
  Time held_since{};
  bool damaged = false;

  bool is_trusted() const { return generation_path.empty(); }
};

/// A content that retention removes, or that is lost.
struct Removal {
  std::string key;
  std::string path;              ///< relative to the disk
  bool trusted = false;          ///< it is the one under archives/
  bool lost = false;             ///< given up: should the upstream have it once more, it is wanted
  std::uint64_t size_bytes = 0;  ///< for the history
};

/// What happened to contents of a source, or to an alarm.
enum class EventKind {
  kCame = 1,  ///< under archives/
  kChanged = 2,
  kVanished = 3,
  kQuarantined = 4,
  kSuperseded = 5,
  kRepaired = 6,
  kRemoved = 7,  ///< by retention
  kLost = 8,     ///< given up
  kAcknowledged = 9,
  kAlarm = 10,
  kAlarmEnded = 11,
  kDrill = 12,        ///< a restore drill succeeded
  kDrillFailed = 13,  ///< or failed
};

struct Event {
  Time at{};
  EventKind what = EventKind::kCame;
  std::uint64_t contents = 0;
  std::uint64_t size_bytes = 0;
  std::string key;      ///< of one of them; of the alarm; the name of the drill
  std::string alarm;    ///< its kind
  std::string message;  ///< what the alarm says, or why the drill failed
};

enum class RefusalKind {
  kUnreadable,
  kArchived,
  kMismatch,
  kGhost,    ///< the bucket lists it but does not have it
  kDeleted,  ///< the bucket lists it and says that it was deleted
  kDenied,   ///< likewise unreadable, by a policy and not by its encryption
};

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

/// What is held under archives/ of one day, by the upstream's date, in UTC.
struct Night {
  std::chrono::sys_days day{};
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
};

struct Totals {
  std::uint64_t archives = 0;
  std::uint64_t size_bytes = 0;
  std::map<std::string, std::uint64_t> verified_by;
  std::optional<Archive> newest;       ///< by last_modified
  std::optional<Time> oldest_read_at;  ///< of what is held; of the damaged where all is
  std::uint64_t corrupt = 0;           ///< contents that the scrub found so, wherever they lie
  std::uint64_t missing = 0;
  std::optional<Time> scrubbed_at;  ///< when the last slice of scrubbing ended
  std::uint64_t superseded = 0;
  std::uint64_t quarantined = 0;
  std::optional<Time> hold_since;       ///< set: the source is on HOLD
  std::optional<Time> first_listed_at;  ///< by our clock
  std::optional<Time> listed_at;     ///< likewise, the last time that it was whole, to within a day
  std::optional<Time> doubt_after;   ///< set: see Ledger::doubt_ages()
  std::optional<Time> pulled_since;  ///< none: not yet to the end, see Ledger::note_pulled()
  std::optional<Time> reviewed_at;   ///< when retention last looked at all that is held
  std::string chain;                 ///< what it found there that no rule applies to
  bool sums_stale = false;           ///< SHA256SUMS does not yet say what the ledger says
};

}  // namespace store
