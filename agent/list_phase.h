#pragma once

#include <functional>

#include "agent/planner.h"
#include "agent/retry.h"
#include "agent/run_context.h"
#include "s3client/client.h"

namespace agent {

/// Lists one source and makes its plan. What goes wrong upstream is reported and kept in the
/// source's status; an error is the disk's. `inspect`, when set, sees the plan of a listing that
/// ended cleanly and the plan is then dropped instead of committed: that is a dry run.
store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect);

}  // namespace agent
