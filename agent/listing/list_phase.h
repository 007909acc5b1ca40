#pragma once

#include <functional>

#include "agent/base/retry.h"
#include "agent/listing/lister.h"
#include "agent/listing/planner.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// Hands over the pages of a listing, as list_bucket() does.
struct PageFeed {
  bool in_order = true;  ///< see ListRequest
  std::function<s3::Result<ListEnd>(const VisitPage&)> hand_over = {};

  explicit operator bool() const { return hand_over != nullptr; }
};

/// The listing of a source, straight from its bucket. Ends with the run; `client` and `retrier`
/// outlive it.
PageFeed listing_of(const RunContext& context, const SourceRun& source, s3::Client& client,
                    Retrier& retrier, bool in_order);

/// Lists one source and makes its plan. What goes wrong upstream is reported and kept in the
/// source's status; an error is the disk's. `inspect`, when set, sees the plan of a listing that
/// ended cleanly and the plan is then dropped instead of committed: that is a dry run. `listing`:
/// one that was made before.
store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect,
                          const PageFeed& listing = {});

}  // namespace agent
