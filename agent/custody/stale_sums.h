#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Writes SHA256SUMS once more for each source of the run whose ledger has changed since the file
/// was written, or whose file was lost or cut, which is told. The files are durable on return. A
/// source where something stands in the way of that is failed, and the others go on. An error is
/// the disk's.
store::Status write_stale_sums(RunContext& context);

/// Whether something stands where the directory of a source or its manifest belongs. Then nothing
/// can be recorded of that source: it is failed and stopped, no part of the run does anything for
/// it, and the others go on.
store::Result<bool> is_blocked(RunContext& context, SourceRun& source);

}  // namespace agent
