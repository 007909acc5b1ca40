#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Writes SHA256SUMS once more for each source of the run whose ledger has changed since the file
/// was written. The files are durable on return. An error is the disk's.
store::Status write_stale_sums(RunContext& context);

}  // namespace agent
