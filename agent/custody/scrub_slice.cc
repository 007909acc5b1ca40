#include "agent/custody/scrub_slice.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/alarms/held_forms.h"

namespace agent {
namespace {

constexpr std::chrono::days kLongestPause{1};

class Slice {
 public:
  Slice(RunContext& context, const SourceRun& source, Clock::Steady run_begun)
      : context_(context),
        source_(source),
        begun_(context.environment.clock.steady_now()),
        longest_(begun_ - run_begun) {}

  store::Status run() {
    auto& ledger = context_.mirror.ledger;
    const auto now = context_.now(source_);
    const auto totals = ledger.totals(source_.id);
    if (!totals) return totals.error();
    const auto bytes = ledger.held_bytes(source_.id);
    if (!bytes) return bytes.error();
    allowance_ = scrub_allowance(
        {now, totals->scrubbed_at, totals->oldest_read_at, *bytes, source_.config->scrub_every});
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
    const bool is_first = !taken_any_;
    const bool fits = taken_bytes_ + holding.size_bytes <= allowance_.bytes;
    if (!fits && !(is_first && allowance_.due)) return false;
    const bool in_time = context_.environment.clock.steady_now() - begun_ <= longest_;
    if (!is_first && !in_time && !allowance_.behind) return false;
    taken_any_ = true;
    taken_bytes_ += holding.size_bytes;
    return true;
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
  const Clock::Steady::duration longest_;
  ScrubAllowance allowance_;
  std::uint64_t taken_bytes_ = 0;
  bool taken_any_ = false;
};

}  // namespace

ScrubAllowance scrub_allowance(const ScrubPace& pace) {
  if (!pace.oldest_read_at) return {};
  ScrubAllowance allowance;
  allowance.behind = pace.now - *pace.oldest_read_at > pace.every / 4 * 3;
  // A time in the future was written by a clock that was wrong, then or now.
  const auto since = pace.now - pace.scrubbed_at.value_or(*pace.oldest_read_at);
  const auto pause = since.count() < 0 ? std::chrono::seconds{kLongestPause} : since;
  allowance.due = pause >= kLongestPause;
  const auto cycle = allowance.behind ? pace.every / 4 : pace.every / 4 * 3;
  const double share = static_cast<double>(pause.count()) /
                       static_cast<double>(std::max<std::int64_t>(cycle.count(), 1));
  allowance.bytes = share >= 1
                        ? pace.held_bytes
                        : static_cast<std::uint64_t>(share * static_cast<double>(pace.held_bytes));
  return allowance;
}

std::string damage_message(const store::Reading& reading) {
  const auto& path = reading.path;
  const bool is_generation = !reading.holding.generation_path.empty();
  const auto remedy = fmt::format(
      "{}; if it has not, and the loss is understood: holdfast ack {}",
      is_generation
          ? "the trusted copy is not affected; the next pull fetches it again if the bucket lists "
            "this very content"
          : "the next pull fetches it again as long as the bucket has this very content",
      path.substr(0, path.find('/')));
  return reading.finding == store::Finding::kMissing
             ? fmt::format("{}: {}; holdfast did not remove it, so find out who did; {}", path,
                           reading.detail, remedy)
             : fmt::format("{}: {}; look at the disk ('dmesg', 'smartctl'); {}", path,
                           reading.detail, remedy);
}

store::Status scrub_source(RunContext& context, const SourceRun& source, Clock::Steady run_begun) {
  if (source.id == 0 || context.stopping() || context.out_of_time()) return {};
  return Slice(context, source, run_begun).run();
}

store::Status scrub_due(RunContext& context, Clock::Steady run_begun) {
  for (const auto& source : context.sources) {
    if (auto done = scrub_source(context, source, run_begun); !done) return done;
  }
  return {};
}

}  // namespace agent
