#include "agent/list_phase.h"

#include <fmt/format.h>

#include <optional>

#include "agent/failure.h"
#include "agent/lister.h"

namespace agent {
namespace {

// A listing may be broken while objects are not: what an earlier plan left is still worth fetching.
bool objects_may_still_come(const s3::Error& error) {
  return error.kind == s3::ErrorKind::kServer || error.kind == s3::ErrorKind::kProtocol;
}

std::string explain_listing(const SourceRun& source, const s3::Error& error) {
  if (s3::has_no_version_listing(error)) {
    return "this server has no listing of versions; write \"versions = current\"";
  }
  const bool all = source.config->versions == Versions::kAll;
  return explain(error, all ? "s3:ListBucketVersions" : "s3:ListBucket");
}

void report_failed_listing(RunContext& context, SourceRun& source, const s3::Error& error) {
  if (error.kind == s3::ErrorKind::kAborted) return;
  context.fail_source(source, status_of(error));
  source.stopped = !objects_may_still_come(error);
  context.report(
      source, "",
      fmt::format("the listing failed, so nothing is concluded from it and what is held stays: {}",
                  explain_listing(source, error)));
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
    status.hold = found.on_hold;
  });
}

}  // namespace

store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect) {
  const auto before = context.mirror.ledger.totals(source.id);
  if (!before) return before.error();
  auto plan = context.mirror.ledger.begin_plan(source.id, source.config->prefix);
  if (!plan) return plan.error();
  // Made with the server's first answer: before it nobody knows whether our clock is right.
  std::optional<Planner> planner;
  const auto begin = [&] {
    if (planner) return;
    planner.emplace(*plan, *source.config, before->hold_since.has_value(), context.now(source));
    if (!before->first_listed_at) planner->is_base_line();
  };
  store::Status planned;
  const auto list = source.config->versions == Versions::kAll ? list_all_versions : list_all;
  const auto listed = list(client, *source.session, retrier, context.environment.stop,
                           source.config->prefix, [&](const s3::ListPage& page) {
                             begin();
                             planned = planner->take(page.objects);
                             return planned.has_value();
                           });
  if (!planned) return planned;
  report_corrected_region(context, source);
  if (!listed) {
    report_failed_listing(context, source, listed.error());
    return {};
  }
  if (auto finished = planner->finish(); !finished) return finished;
  show_figures(context, source, planner->figures());
  if (inspect) return inspect(*plan);
  if (auto committed = plan->commit(); !committed) return committed;
  if (planner->tripped()) context.report(source, "", *planner->tripped());
  return {};
}

}  // namespace agent
