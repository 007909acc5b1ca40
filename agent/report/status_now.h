#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/run/right_disk.h"
#include "agent/status/status.h"

namespace agent {

/// What is true now, whatever the last run has written down.
struct Present {
  enum class File { kRead, kMissing, kUnreadable };
  enum class Disk {
    kNotLookedAt,  ///< nobody looked, or nobody may: as the last run found it
    kUsable,
    kAbsent,   ///< or another one is there
    kTroubled  ///< it is there, and no pull could use it
  };

  Time now{};
  File file = File::kRead;
  std::string file_message;  ///< why it is not kRead
  Disk disk = Disk::kNotLookedAt;
  std::string disk_fact;     ///< "the ledger is missing"
  std::string disk_message;  ///< a sentence, with the remedy
  bool run_is_gone = false;  ///< the status says "running", and the process is no more
};

/// The status file, brought up to date as far as a look at the disk and the processes allows.
/// Writes nothing.
struct Sight {
  StatusReport status;
  Present present;
};
Sight look_around(const Config& config, const Environment& environment);

/// The disk could not be used, for this reason.
void show_unusable_disk(const MirrorError& error, Present& present);

/// Whether the run of a status that says "running" is still at work.
bool is_run_gone(const StatusReport& status, const Environment& environment);

}  // namespace agent
