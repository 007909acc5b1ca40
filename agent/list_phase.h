#pragma once

#include <functional>

#include "agent/planner.h"
#include "agent/retry.h"
#include "agent/run_context.h"
#include "s3client/client.h"

namespace agent {

/// Hands over the pages of a listing, as list_all() does.
using PageFeed = std::function<s3::Result<void>(const std::function<bool(const s3::ListPage&)>&)>;

/// The listing of a source, straight from its bucket. Ends with the run; `client` and `retrier`
/// outlive it.
PageFeed listing_of(const RunContext& context, const SourceRun& source, s3::Client& client,
                    Retrier& retrier);

/// Lists one source and makes its plan. What goes wrong upstream is reported and kept in the
/// source's status; an error is the disk's. `inspect`, when set, sees the plan of a listing that
/// ended cleanly and the plan is then dropped instead of committed: that is a dry run. `listing`:
/// one that was made before.
store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect,
                          const PageFeed& listing = nullptr);

}  // namespace agent
