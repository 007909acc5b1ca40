#pragma once

#include "agent/base/environment.h"
#include "agent/base/result.h"
#include "agent/config/config.h"
#include "agent/run/right_disk.h"
#include "store/custody/mirror.h"

namespace agent {

using store::Mirror;

/// Opens the ledger of the right disk (open_guarded_disk()), and finishes what a crash has left
/// when `access` is kReadWrite. Nothing is written before the disk has passed. What a bad file
/// keeps from being finished is told.
Result<Mirror, MirrorError> open_mirror(const Config& config, const Environment& environment,
                                        store::Access access);

}  // namespace agent
