#pragma once

#include "agent/listing/planner.h"
#include "agent/run/run_context.h"
#include "s3client/error.h"

namespace agent {

/// Reports that the listing of a source failed, and what it means for the run: whether the source
/// is stopped, and with which exit status it ends.
void report_failed_listing(RunContext& context, SourceRun& source, const s3::Error& error);

/// Warns where the server has corrected the region of the bucket.
void report_corrected_region(RunContext& context, const SourceRun& source);

/// Writes what a listing has shown into the source's status.
void show_figures(RunContext& context, const SourceRun& source, const Planner::Figures& found);

/// Reports keys that are longer than S3 allows. They are not fetched.
void report_long_keys(RunContext& context, SourceRun& source, const Planner::Figures& found);

}  // namespace agent
