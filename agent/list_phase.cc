#include "agent/list_phase.h"

#include <fmt/format.h>

#include <optional>

#include "agent/failure.h"
#include "agent/lister.h"

namespace agent {
namespace {

// A server can name new keys for ever. A million of them takes minutes.
constexpr std::chrono::hours kLongestListing{12};

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
  if (error.kind == s3::ErrorKind::kAborted) {
    if (context.stopping()) return;
    context.fail_source(source, ExitStatus::kIncomplete);
    source.stopped = true;
    source.server_failed = true;
    context.report(
        source, "",
        "its listing did not end before max_runtime, so nothing is concluded from it and "
        "what is held stays; the next run tries again, after all other sources");
    return;
  }
  context.fail_source(source, status_of(error));
  source.server_failed = verdict_on(error) == Verdict::kRetry;
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

PageFeed listing_of(const RunContext& context, const SourceRun& source, s3::Client& client,
                    Retrier& retrier) {
  const auto list = source.config->versions == Versions::kAll ? list_all_versions : list_all;
  return [&context, &source, &client, &retrier,
          list](const std::function<bool(const s3::ListPage&)>& take) {
    auto& clock = context.environment.clock;
    const auto halt = context.halt().at_latest(clock, clock.steady_now() + kLongestListing);
    return list(client, *source.session, retrier, halt, source.config->prefix, take);
  };
}

store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect,
                          const PageFeed& listing) {
  const auto before = context.mirror.ledger.totals(source.id);
  if (!before) return before.error();
  source.listed_before = before->listed_at;
  source.doubt_after = before->doubt_after;
  auto plan = context.mirror.ledger.begin_plan(source.id, source.config->prefix);
  if (!plan) return plan.error();
  // Made with the server's first answer: before it nobody knows whether our clock is right.
  std::optional<Planner> planner;
  const auto begin = [&] {
    if (planner) return;
    planner.emplace(*plan, *source.config, before->hold_since, context.now(source));
    if (!before->first_listed_at) planner->is_base_line();
  };
  store::Status planned;
  const auto feed = listing ? listing : listing_of(context, source, client, retrier);
  const auto listed = feed([&](const s3::ListPage& page) {
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
  // Told when it was refused, and not held: so never nothing, whether its alarm is open or not.
  const auto& figures = planner->figures();
  if (figures.unreadable + figures.broken > 0) context.fail_source(source, ExitStatus::kAlarm);
  if (inspect) return inspect(*plan);
  if (auto committed = plan->commit(); !committed) return committed;
  if (planner->tripped()) context.report_one_of(source, "mass-change", "", *planner->tripped());
  for (const auto& [key, message] : planner->returned()) {
    context.report_one_of(source, "changed", key, message);
  }
  return {};
}

}  // namespace agent
