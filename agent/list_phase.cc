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

void report_failed_listing(RunContext& context, SourceRun& source, const s3::Error& error) {
  if (error.kind == s3::ErrorKind::kAborted) return;
  context.fail_source(source, status_of(error));
  source.stopped = !objects_may_still_come(error);
  context.report(source, "",
                 fmt::format("the listing failed, so nothing is concluded from it: {}",
                             explain(error, "s3:ListBucket")));
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
  });
}

void report_new_alarms(RunContext& context, const SourceRun& source, const Planner& planner) {
  const auto& told = planner.first_new_alarms();
  for (const auto& alarm : told) context.report(source, alarm.key, alarm.message);
  if (planner.figures().new_alarms == told.size()) return;
  context.report(source, "",
                 fmt::format("and {} more like these; look at the bucket before anything else",
                             planner.figures().new_alarms - told.size()));
}

}  // namespace

store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect) {
  auto plan = context.mirror.ledger.begin_plan(source.id, source.config->prefix);
  if (!plan) return tl::unexpected(plan.error());
  Planner planner(*plan, *source.config, context.environment.clock.now_s());
  store::Status planned;
  const auto listed = list_all(client, *source.session, retrier, context.environment.stop,
                               source.config->prefix, [&](const s3::ListPage& page) {
                                 planned = planner.take(page.objects);
                                 return planned.has_value();
                               });
  if (!planned) return planned;
  report_corrected_region(context, source);
  if (!listed) {
    report_failed_listing(context, source, listed.error());
    return {};
  }
  if (auto finished = planner.finish(); !finished) return finished;
  show_figures(context, source, planner.figures());
  if (inspect) return inspect(*plan);
  if (auto committed = plan->commit(); !committed) return committed;
  report_new_alarms(context, source, planner);
  return {};
}

}  // namespace agent
