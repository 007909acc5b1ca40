#pragma once

#include "agent/base/retry.h"
#include "agent/listing/lister.h"
#include "agent/listing/planner.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// Whether what is held and is missing from a listing, of which the planner has seen all, is taken
/// for gone. One of the missing is asked for by HEAD. Where the bucket has it, or gives no answer
/// (as when the network is away), or where an entry of the listing could not be understood, nothing
/// is concluded, and why is reported. A HEAD that is refused counts as gone. So does all that an
/// empty listing leaves out: it puts the source on HOLD, and where the bucket has the key the alarm
/// says so.
Planner::Absence meaning_of_absence(RunContext& context, SourceRun& source, s3::Client& client,
                                    Retrier& retrier, const ListEnd& end, Planner& planner);

}  // namespace agent
