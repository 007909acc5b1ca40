#include "agent/listing/listing_report.h"

#include <fmt/format.h>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/log.h"
#include "store/content/path_check.h"

namespace agent {
namespace {

// A listing may be broken while objects are not: what an earlier plan left is still worth fetching.
bool objects_may_still_come(const s3::Error& error) {
  return error.kind == s3::ErrorKind::kServer || error.kind == s3::ErrorKind::kProtocol;
}

// A refusal is most often of another bucket, server or key than is thought.
std::string what_was_asked(const SourceRun& source, const s3::Error& error) {
  const auto& config = *source.config;
  auto what = fmt::format("bucket \"{}\"", config.bucket);
  if (!config.prefix.empty()) what += fmt::format(", prefix \"{}\",", config.prefix);
  what += " at " + source.session->endpoint();
  const bool answered = error.http_status != 0;
  return answered ? fmt::format("{} with {}", what, source.session->credentials_in_use()) : what;
}

std::string explain_listing(const SourceRun& source, const s3::Error& error) {
  if (s3::has_no_version_listing(error)) {
    return "this server cannot list versions; write \"versions = current\"";
  }
  const bool all = source.config->versions == Versions::kAll;
  return explain(error, all ? "s3:ListBucketVersions" : "s3:ListBucket");
}

}  // namespace

void report_failed_listing(RunContext& context, SourceRun& source, const s3::Error& error) {
  if (error.kind == s3::ErrorKind::kAborted) {
    if (context.stopping()) return;
    context.figures(source, [](SourceStatus& status) { status.listed_whole = false; });
    context.fail_source(source, ExitStatus::kIncomplete);
    source.stopped = true;
    source.server_failed = true;
    context.report(source, "",
                   "the listing did not end before max_runtime; the next run tries again, after "
                   "all other sources");
    return;
  }
  context.figures(source, [](SourceStatus& status) { status.listed_whole = false; });
  context.fail_source(source, status_of(error));
  source.server_failed = meaning_of(error) == FailureMeaning::kRetry;
  source.stopped = !objects_may_still_come(error);
  context.report(source, "",
                 fmt::format("cannot list {}: {}. What is held stays as it is",
                             what_was_asked(source, error), explain_listing(source, error)));
}

void report_corrected_region(RunContext& context, const SourceRun& source) {
  const auto region = source.session->corrected_region();
  if (!region) return;
  context.environment.log.warning(
      {source.config->name, "",
       fmt::format(
           "the bucket is in the region {}; write \"region = {}\" to save a request at each run",
           *region, *region)});
}

void show_figures(RunContext& context, const SourceRun& source, const Planner::Figures& found) {
  context.figures(source, [&](SourceStatus& status) {
    status.run.listed = found.listed;
    status.run.changed = found.changed;
    status.run.vanished = found.vanished;
    status.run.unreadable = found.unreadable;
    status.run.archived = found.archived;
    status.listed_whole = true;
    status.hold = found.on_hold;
  });
}

void report_long_keys(RunContext& context, SourceRun& source, const Planner::Figures& found) {
  if (found.too_long == 0) return;
  constexpr std::size_t kShownBytes = 200;
  context.fail_source(source, ExitStatus::kIncomplete);
  context.figures(source, [&](SourceStatus& status) { status.run.failed += found.too_long; });
  context.report(
      source, found.too_long_example.substr(0, kShownBytes),
      fmt::format(
          "not fetched: {} longer than {} bytes, which S3 does not allow; find out what answers "
          "for this bucket, or exclude {}",
          found.too_long == 1 ? "this key (its beginning is shown) is"
                              : fmt::format("this key (its beginning is shown) and {} "
                                            "more are",
                                            found.too_long - 1),
          store::kLongestKeyBytes, found.too_long == 1 ? "it" : "them"));
}

}  // namespace agent
