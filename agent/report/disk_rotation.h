#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/run/run_context.h"
#include "agent/status/status.h"

namespace agent {

/// The two disks that take turns at one mount point, in the order of `[disk] id`, with what the
/// status `last` knows of each. Empty where no two take turns. One that nothing is known of is
/// known from `now` on.
std::vector<RotatedDisk> rotated_disks(const Config& config, const StatusReport& last, Time now);

/// The disk of this mirror is here, and holds what its ledger says.
void note_seen(Mirror& mirror, Time now, StatusReport& status);

/// The same, in the status of a run.
void show_turn(RunContext& context);

/// Whether this disk is the one at the mount point.
bool is_here(const RotatedDisk& disk, const StatusReport& status);

/// The disk that is not here while the other one is; nullptr where there is no such disk.
const RotatedDisk* disk_away(const StatusReport& status);

/// "is here now, with 3 archives (1.0 KiB)", "was last here 6d ago, and held 3 archives (1.0 KiB)".
std::string words_of(const RotatedDisk& disk, const StatusReport& status, Time now);

/// Raises the alarm `rotation` where the disk that is away was not here for `rotate_every`; ends
/// the one that is over. It belongs to the first source of the configuration, as it has to belong
/// to one.
store::Status raise_rotation_alarm(RunContext& context);

}  // namespace agent
