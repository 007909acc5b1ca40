#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/base/retry.h"
#include "agent/config/config.h"
#include "agent/run/run_context.h"
#include "agent/status/status_board.h"

namespace agent {

/// The status of a run that begins now: what it has not come to is as the last run left it.
StatusReport status_at_start(const Config& config, const Environment& environment,
                             const std::vector<const SourceConfig*>& selected);

/// The disk as it is now, its weaknesses as far as they have shown.
DiskStatus disk_status(const Mirror& mirror, const std::string& path);

/// Shows the disk as it is now, with the weaknesses that showed in earlier runs too.
void show_disk(StatusBoard& board, const Mirror& mirror, const std::string& path);

/// Totals and open alarms of a source, as the ledger has them.
void show_held(store::Ledger& ledger, store::SourceId source, SourceStatus& figures);

/// The calendar of a source, counted anew only where what is held has changed since it was counted;
/// and which of its days have open alarms.
void show_nights(store::Ledger& ledger, store::SourceId source, Time now, SourceStatus& figures);

/// An archive that has come since it was counted.
void note_arrival(SourceStatus& figures, store::UpstreamTime last_modified,
                  std::uint64_t size_bytes);

/// After a command that changed what is held or which alarms are open: the status file says so too.
/// One that is not there, or cannot be read, is left to the next pull.
void refresh_status_file(const Config& config, const Environment& environment,
                         store::Ledger& ledger, store::SourceId source, const std::string& name);

/// The run ends before it began; publishes. What is held stays shown, and so does a disk that is
/// there.
void show_absent_disk(const MirrorError& error, const Environment& environment, StatusBoard& board);

/// Assesses a source at the end of a run and shows what is held of it.
void finish_source(RunContext& context, SourceRun& source,
                   const std::vector<std::unique_ptr<Retrier>>& retriers);

/// The last word of a run; publishes.
void finish_status(StatusBoard& board, const Environment& environment, ExitStatus exit);

}  // namespace agent
