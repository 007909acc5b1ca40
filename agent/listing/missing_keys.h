#pragma once

#include "agent/base/retry.h"
#include "agent/listing/lister.h"
#include "agent/listing/planner.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// Whether what is held and is missing from a listing, of which the planner has seen all, is taken
/// for gone. One of the missing is asked for by HEAD; where the bucket has it, or cannot be asked,
/// or an entry of the listing could not be understood, nothing is concluded, and why is reported.
Planner::Absence meaning_of_absence(RunContext& context, SourceRun& source, s3::Client& client,
                                    Retrier& retrier, const ListEnd& end, Planner& planner);

}  // namespace agent
