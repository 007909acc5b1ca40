#include "agent/custody/scrub_phase.h"

#include <fmt/format.h>

#include "agent/alarms/held_forms.h"
#include "agent/custody/damage_alarm.h"
#include "agent/custody/scrub_due.h"

namespace agent {
namespace {

class Slice {
 public:
  Slice(RunContext& context, const SourceRun& source, Clock::Steady run_begun)
      : context_(context),
        source_(source),
        begun_(context.environment.clock.steady_now()),
        run_took_(begun_ - run_begun) {}

  store::Status run() {
    auto& ledger = context_.mirror.ledger;
    const auto now = context_.now(source_);
    const auto totals = ledger.totals(source_.id);
    if (!totals) return totals.error();
    const auto bytes = ledger.held_bytes(source_.id);
    if (!bytes) return bytes.error();
    budget_ = ScrubBudget(scrub_allowance(
        {now, totals->scrubbed_at, totals->oldest_read_at, *bytes, source_.config->scrub_every}));
    store::ScrubPass pass;
    pass.source = source_.id;
    pass.source_name = source_.config->name;
    pass.rules = context_.mirror.rules;
    pass.now = now;
    pass.wanted = [&](const store::Holding& holding) { return wants(holding); };
    pass.keep_going = [&] { return !context_.stopping(); };
    pass.message = damage_message;
    pass.found = [&](const store::Reading& reading, bool is_news) { tell(reading, is_news); };
    HeldForms forms(context_, source_);
    forms.watch(pass);
    const auto done = context_.mirror.scrub(pass);
    if (!done) return done.error();
    if (auto recorded = forms.record(); !recorded) return recorded;
    return done->contents > 0 ? ledger.note_scrubbed(source_.id, now) : store::Status{};
  }

 private:
  bool wants(const store::Holding& holding) {
    if (context_.stopping() || context_.out_of_time()) return false;
    const auto taken = context_.environment.clock.steady_now() - begun_;
    return budget_.takes(holding.size_bytes, taken, run_took_);
  }

  void tell(const store::Reading& reading, bool is_news) {
    if (!is_news) return;
    const auto& key = reading.holding.key;
    if (reading.finding == store::Finding::kRight) {
      context_.environment.log.warning(
          {source_.config->name, key,
           fmt::format("{} reads right again; look at the disk and its cable", reading.path)});
    } else {
      const bool missing = reading.finding == store::Finding::kMissing;
      context_.report_one_of(source_,
                             missing ? store::AlarmKind::kMissing : store::AlarmKind::kCorrupt, key,
                             damage_message(reading));
    }
  }

  RunContext& context_;
  const SourceRun& source_;
  const Clock::Steady begun_;
  const Clock::Steady::duration run_took_;
  ScrubBudget budget_{ScrubAllowance{}};
};

}  // namespace

store::Status scrub_source(RunContext& context, const SourceRun& source, Clock::Steady run_begun) {
  if (source.id == 0 || context.stopping() || context.out_of_time()) return {};
  return Slice(context, source, run_begun).run();
}

store::Status scrub_sources(RunContext& context, Clock::Steady run_begun) {
  for (const auto& source : context.sources) {
    if (auto done = scrub_source(context, source, run_begun); !done) return done;
  }
  return {};
}

}  // namespace agent
