#include "agent/custody/prune_phase.h"

#include <fmt/format.h>

#include "agent/base/failure.h"
#include "agent/base/units.h"
#include "agent/custody/prune.h"

namespace agent {
namespace {

// By our clock, which may have leapt ahead since the source was last listed; the server may only
// ask for patience.
bool is_clock_trusted(const RunContext& context, const SourceRun& source) {
  const auto skew = context.clock_skew(source);
  if (skew && std::chrono::abs(*skew) > kMaxClockError) return false;
  return !context.reckoned(source).in_doubt && !source.doubt_after && source.listed_before &&
         context.environment.clock.now_s() - *source.listed_before <= kMaxSilence;
}

void tell(const RunContext& context, const SourceRun& source, const Pruned& pruned) {
  auto& log = context.environment.log;
  const auto& name = source.config->name;
  // An open alarm has been told of.
  if (pruned.frozen && pruned.frozen->status != ExitStatus::kAlarm) {
    if (pruned.frozen->is_news) log.warning({name, "", pruned.frozen->why});
  } else if (pruned.removed > 0) {
    log.info(
        {name, "",
         fmt::format("retention removed {} {} with {} {} ({})", pruned.sets_removed,
                     pruned.sets_removed == 1 ? "set" : "sets", pruned.removed,
                     pruned.removed == 1 ? "copy" : "copies", format_size(pruned.removed_bytes))});
  }
}

store::Status prune_one(RunContext& context, SourceRun& source) {
  const auto now = context.environment.clock.now_s();
  PruneRequest request{context.config, *source.config, source.id, now, {}, true, {}};
  request.keep_going = [&] { return !context.stopping(); };
  request.removing = [&](const store::Candidate& one) {
    context.environment.log.info(
        {source.config->name, one.key,
         fmt::format("removed: no keep rule holds its set ({})", format_size(one.size_bytes))});
  };
  const auto pruned = prune_source(context.mirror, request);
  if (!pruned) return pruned.error();
  tell(context, source, *pruned);
  context.figures(source, [&](SourceStatus& figures) {
    figures.run.removed = pruned->removed;
    figures.run.removed_bytes = pruned->removed_bytes;
  });
  for (const auto& one : pruned->stuck) {
    context.fail_source(source, ExitStatus::kIncomplete);
    context.report(source, one.key, explain_bad_file(one.error));
  }
  return {};
}

}  // namespace

store::Status prune_pulled(RunContext& context) {
  auto& ledger = context.mirror.ledger;
  for (auto& source : context.sources) {
    // What could not be compared with its bucket today may be needed whole tomorrow.
    const bool went_well = source.session && !source.stopped && source.status == ExitStatus::kOk;
    if (!went_well || context.stopping() || context.out_of_time()) continue;
    const auto totals = ledger.totals(source.id);
    if (!totals) return totals.error();
    store::Status done;
    if (!totals->pulled_since) {
      done = ledger.note_pulled(source.id, context.environment.clock.now_s());
    } else if (is_clock_trusted(context, source)) {
      done = prune_one(context, source);
    }
    if (!done) return done;
  }
  return {};
}

}  // namespace agent
