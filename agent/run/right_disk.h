#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/base/result.h"
#include "agent/base/units.h"
#include "agent/config/config.h"
#include "store/custody/mirror.h"

namespace agent {

/// The right disk, with which something else is wrong.
struct FoundDisk {
  std::string id;
  std::string filesystem;
  std::optional<store::Space> space;
};

/// Why the mirror cannot be used, and how the command ends because of it.
struct MirrorError {
  ExitStatus status = ExitStatus::kNotNow;
  std::string message;
  bool locked = false;     ///< another run is at work: the status file is that run's
  bool read_only = false;  ///< what was asked for needs a disk that can be written to
  std::string disk_id{};   ///< of the wrong disk that was found, for the status
  std::optional<FoundDisk> found{};
  std::string fact = "the disk cannot be used";  ///< in a few words, for a first line
  bool forbidden = false;                        ///< it is ours that we may not look
  std::optional<store::LockHolder> holder{};     ///< of the lock, as far as it can be seen
};

using store::GuardedDisk;

/// The same error with `found` filled in: the disk is the right one, and something else is wrong.
MirrorError on_the_right_disk(MirrorError error, store::Disk& disk, const store::Marker& marker);
/// What the store says of a disk, the right one or not, as the end of a command.
MirrorError disk_failure(const store::Error& error);

/// Checks that `[disk]` names a mounted holdfast disk, and the right one; takes the lock first when
/// `access` is kReadWrite. Whatever became of its ledger, which is not opened. Nothing but the lock
/// is written.
Result<GuardedDisk, MirrorError> open_guarded_disk(const Config& config,
                                                   const Environment& environment,
                                                   store::Access access);

}  // namespace agent
