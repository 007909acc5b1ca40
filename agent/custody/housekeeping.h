#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Removes staged files that nothing pending can use: their object was held, changed or deleted.
store::Status sweep_unwanted(RunContext& context);

/// Writes SHA256SUMS anew for each source of the run whose ledger has moved on.
store::Status write_stale_sums(RunContext& context);

}  // namespace agent
