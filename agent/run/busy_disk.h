#pragma once

#include <optional>
#include <string>

#include "agent/base/units.h"
#include "store/disk/lock_holder.h"

namespace agent {

/// What to say of a disk that another run has locked, and what to do about it. `holder` is nullopt
/// where nobody can tell which process it is.
std::string describe_busy_disk(const std::optional<store::LockHolder>& holder, Time now);

/// Whether the holder has had the disk for a day: more likely it hangs than that it works, and that
/// is told like a failure.
bool holds_for_too_long(const store::LockHolder& holder, Time now);

}  // namespace agent
