#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/disk_marker.h"
#include "store/content/key_path.h"
#include "store/content/staging.h"
#include "store/custody/change.h"
#include "store/custody/loss.h"
#include "store/custody/scrub.h"
#include "store/disk/disk.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"
#include "store/ledger/tell_unsound.h"

namespace store {

class Placer;

/// A disk that was found to be a mirror: with its marker, and with the lock when it is to be
/// written.
struct GuardedDisk {
  std::unique_ptr<Disk> disk;
  Marker marker;
  std::unique_ptr<DiskLock> lock;  ///< none when read-only
};

/// The mirror is what is held on one disk. Its calls are the only way to change what is held.
///
/// A mirror that is open for writing is in order: every manifest is whole, and what an earlier run
/// left half done of superseding, placing and removing is finished or taken back. Where a single
/// bad file stands in the way of that, the intent stays, and `unfinished` names the file and why.
///
/// Each call below keeps its own order: the disk, then the manifest, then the ledger. When it
/// succeeds, what it did is durable and recorded. When it fails, or the machine stops in the midst
/// of it, the next opening finishes it or takes it back; no held content is lost.
///
/// The mirror owns the disk, the lock and the ledger. One thread at a time. Errors: those of disk.h
/// and ledger.h; a failed sync condemns the run, which must end.
struct Mirror {
  Marker marker;
  NameRules rules = NameRules::kPosix;
  std::unique_ptr<DiskLock> lock;  ///< none when read-only
  Ledger ledger;
  Staging staging;
  AllUnfinished unfinished{};  ///< what single files stood in the way of, so far

  /// Opens the mirror on a disk, and with kReadWrite puts it in order. Takes the disk on success;
  /// on an error it stays with the caller. A marker that does not name the rules of its names yet
  /// is given those of its filesystem, durably. `tell` is asked what to say of each content that a
  /// crash left placed and that is unsound. Returns kNotFound when the disk has no ledger.
  static Result<Mirror> open(GuardedDisk&& guarded, Access access, const TellUnsound& tell = {});
  ~Mirror();
  Mirror(Mirror&&) noexcept;
  Mirror& operator=(Mirror&&) noexcept;

  /// The disk, to read from it. It lives as long as the mirror.
  ReadableDisk& disk() const { return *disk_; }

  /// Begins a change. On return the intents, which say what it is about to place, are durable. The
  /// mirror has one change at a time, and outlives it.
  Result<Change> begin(std::vector<Placement> intents, Time now);
  /// Makes `chosen`, a content that lies beside the trusted one, the trusted content of its key.
  /// The trusted one before is superseded. Where `chosen` lay in quarantine it lies there no more.
  /// `chosen` also says what the upstream calls it. SHA256SUMS is stale afterwards. Returns what
  /// became of the old content; where that is `stuck` nothing has changed. Else `record` is called
  /// with it, once, to write what more is to be in the ledger: in the same transaction.
  using RecordMore = std::function<Status(const Superseded&)>;
  Result<Superseded> reinstate(SourceId source, const std::string& source_name, const Archive& held,
                               const Generation& chosen, Time now, const RecordMore& record);
  /// Does what reinstate() does, remembers for another disk that a person took `chosen`, and writes
  /// SHA256SUMS anew.
  Result<Superseded> accept(SourceId source, const std::string& source_name, const Archive& held,
                            const Generation& chosen, Time now);
  /// Reads held contents back from the device, and records what it finds. See scrub.h.
  Result<ScrubTotals> scrub(const ScrubPass& pass);
  /// Gives up what is damaged here and cannot be fetched again, and writes SHA256SUMS anew. See
  /// loss.h.
  Result<GivenUp> give_up(const GiveUp& request);
  /// Records that these contents are no longer held. What is not lost is remembered, so that it is
  /// not taken for new when it is listed. Their files are removed by finish_removals(), or when the
  /// mirror is opened next.
  Status begin_removals(SourceId source, const std::vector<Removal>& removals, Time now);
  /// Removes the files of what is no longer held. On success they are gone for good. Files that
  /// cannot be removed keep their intents and are added to `unfinished`; those that were not in it
  /// before are returned.
  Result<AllUnfinished> finish_removals(SourceId source, std::string_view source_name);
  /// Writes SHA256SUMS anew, durably, where it is behind the ledger, missing or cut. Returns
  /// whether it was missing or cut. See sums.h.
  Result<bool> refresh_sums(SourceId source, std::string_view source_name);
  /// Likewise, where it does not say in every byte what the ledger says.
  Result<bool> restore_sums(SourceId source, std::string_view source_name);
  /// Whether SHA256SUMS says in every byte what the ledger says. Writes nothing.
  Result<bool> sums_are_right(SourceId source, std::string_view source_name);

 private:
  Mirror(GuardedDisk&& guarded, Ledger&& opened, AllUnfinished&& left);
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Placer> placer_;
};

}  // namespace store
