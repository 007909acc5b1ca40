#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/layout.h"
#include "store/content/mount.h"
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

/// A disk with its marker, and the lock where it is to be written to.
struct GuardedDisk {
  std::unique_ptr<Disk> disk;
  Marker marker;
  std::unique_ptr<DiskLock> lock;  ///< none when read-only
};

/// What is held on one disk, and the only way to change it. One that is open for writing is in
/// order: what an earlier run left unfinished of superseding, placing and removing is finished, and
/// every manifest is whole; only what a single bad file stands in the way of stays `unfinished`.
/// Each call below owns its order, the disk, then the manifest, then the ledger, and is durable and
/// recorded on success.
struct Mirror {
  Marker marker;
  NameRules rules = NameRules::kPosix;
  std::unique_ptr<DiskLock> lock;  ///< none when read-only
  Ledger ledger;
  Staging staging;
  AllUnfinished unfinished{};  ///< so far

  /// kNotFound: the disk has no ledger. A marker that does not know the rules of its names yet is
  /// told of those of the filesystem it lies on. `tell` is asked of each content that is finished
  /// and unsound. On failure the disk stays with the caller.
  static Result<Mirror> open(GuardedDisk&& guarded, Access access, const TellUnsound& tell = {});
  ~Mirror();
  Mirror(Mirror&&) noexcept;
  Mirror& operator=(Mirror&&) noexcept;

  ReadableDisk& disk() const { return *disk_; }

  /// Begins a change, and says durably what it is about to place; one at a time.
  Result<Change> begin(std::vector<Placement> intents, Time now);
  /// Gives a held key a content that lies beside it; the one before is superseded, and the
  /// quarantine has it no more. `chosen` says what the upstream calls it. SHA256SUMS is to be
  /// refreshed. Where one of the two files is `stuck`, nothing has changed.
  Result<Superseded> reinstate(SourceId source, const std::string& source_name, const Archive& held,
                               const Generation& chosen, Time now);
  /// Likewise, and SHA256SUMS says the same.
  Result<Superseded> accept(SourceId source, const std::string& source_name, const Archive& held,
                            const Generation& chosen, Time now);
  /// Reads held contents and records what it finds; see scrub.h.
  Result<ScrubTotals> scrub(const ScrubPass& pass);
  /// See loss.h. SHA256SUMS says the same.
  Result<GivenUp> give_up(const GiveUp& request);
  /// These are held no more, and are remembered, so that they are not taken for new ones when they
  /// are listed. Their files go with finish_removals(), here or when the mirror is opened next.
  Status begin_removals(SourceId source, const std::vector<Removal>& removals, Time now);
  /// Removes the files of what is no longer held. Those that it cannot are added to `unfinished`,
  /// and returned unless they were in it.
  Result<AllUnfinished> finish_removals(SourceId source, std::string_view source_name);
  /// Writes SHA256SUMS anew where the ledger has moved on.
  Status refresh_sums(SourceId source, std::string_view source_name);

 private:
  Mirror(GuardedDisk&& guarded, Ledger&& opened, AllUnfinished&& left);
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Placer> placer_;
};

}  // namespace store
