#include "agent/dry_run.h"

#include <fmt/format.h>

#include <memory>

#include "agent/failure.h"
#include "agent/json_line.h"
#include "agent/list_phase.h"
#include "agent/sources.h"
#include "agent/workers.h"

namespace agent {
namespace {

std::string line_of(const SourceRun& source, const store::Pending& wanted, bool json) {
  if (!json) {
    return fmt::format("{}: would fetch {} ({})", source.config->name, printable_name(wanted.key),
                       format_size(wanted.upstream.size_bytes));
  }
  return json_line({{"source", source.config->name},
                    {"key", JsonValue::of_key(wanted.key)},
                    {"size", wanted.upstream.size_bytes},
                    {"last_modified", format_time(wanted.last_modified)}});
}

store::Status look_at(RunContext& context, SourceRun& source, s3::Client& client, Retrier& retrier,
                      bool json, const std::function<void(const std::string&)>& print) {
  if (auto recalled = recall_listing(context, source); !recalled) return recalled;
  return list_source(context, source, client, retrier, [&](store::Ledger::Plan& plan) {
    return plan.visit_wanted([&](const store::Pending& wanted) {
      print(line_of(source, wanted, json));
      return !context.stopping();
    });
  });
}

}  // namespace

ExitStatus dry_run(RunContext& context, const PullOptions& options,
                   const std::function<void(const std::string&)>& print) {
  Lane lane(context);
  Retrier retrier(context.config.agent.retries, context.environment.clock, context.environment.stop,
                  context.environment.seed);
  auto status = ExitStatus::kOk;
  for (std::size_t i = 0; i < context.sources.size() && !context.stopping(); ++i) {
    auto& source = context.sources[i];
    if (!source.config->enabled) continue;
    auto session = open_session(*source.config, context.environment);
    if (!session) {
      context.report(source, "", session.error().message);
      status = graver(status, status_of(session.error()));
      continue;
    }
    source.session = std::move(*session);
    const auto id = context.mirror.ledger.find_source(source.config->name);
    // A source that was never pulled has no id yet, and nothing is held under 0.
    if (id) source.id = id->value_or(0);
    const auto looked = id ? look_at(context, source, lane.client(i), retrier, options.json, print)
                           : store::Status(id.error());
    if (!looked) {
      context.environment.log.error({"", "", explain(looked.error())});
      return graver(status, status_of(looked.error()));
    }
    context.tell_rest(source);
    status = graver(status, source.status);
  }
  return context.stopping() ? graver(status, ExitStatus::kIncomplete) : status;
}

}  // namespace agent
