#include "agent/custody/walk_phase.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/custody/full_walk.h"

namespace agent {
namespace {

using Cause = WalkAnswer::Cause;
using Waiting = store::WalkView::Waiting;

constexpr std::size_t kPage = 256;
// So many of what waits are looked at for the newest of each stream.
constexpr std::size_t kMaxLookedAt = 4 * kPage;
constexpr std::chrono::hours kLongestRest{1};
// Then something is wrong that another walk will not show.
constexpr std::size_t kMaxDied = 100;

class WalkPhase {
 public:
  explicit WalkPhase(RunContext& context) : context_(context) {}

  store::Status run() {
    const auto begun = context_.environment.clock.steady_now();
    for (const bool rest : {false, true}) {
      if (rest) until_ = begun + kLongestRest;
      for (auto& source : context_.sources) {
        if (!is_walked(source)) continue;
        if (auto done = rest ? walk_rest(source) : walk_newest(source); !done) return done;
      }
    }
    return {};
  }

 private:
  static bool is_walked(const SourceRun& source) {
    return source.id != 0 && source.config->soundness == SoundnessCheck::kFull;
  }

  bool may_begin() const {
    return !is_over_ && !context_.stopping() && !context_.out_of_time() &&
           context_.environment.clock.steady_now() < until_;
  }

  store::Status walk_newest(SourceRun& source) {
    if (!may_begin()) return {};
    auto& ledger = context_.mirror.ledger;
    if (auto forgotten = ledger.forget_old_walks(source.id); !forgotten) return forgotten;
    SourceWalk walk(context_.environment, context_.mirror, *source.config, source.id);
    std::set<std::string> seen;
    return visit(source, walk, kMaxLookedAt,
                 [&](const Waiting& one) { return seen.insert(walk.stream_of(one.key)).second; });
  }

  store::Status walk_rest(SourceRun& source) {
    SourceWalk walk(context_.environment, context_.mirror, *source.config, source.id);
    return visit(source, walk, std::numeric_limits<std::size_t>::max(),
                 [](const Waiting&) { return true; });
  }

  template <typename Wanted>
  store::Status visit(SourceRun& source, SourceWalk& walk, std::size_t most, const Wanted& wanted) {
    std::optional<Waiting> last;
    for (std::size_t seen = 0; seen < most && may_begin();) {
      const auto page =
          context_.mirror.ledger.waiting_for_walk(source.id, last ? &*last : nullptr, kPage);
      if (!page) return page.error();
      for (const auto& one : *page) {
        if (!may_begin()) break;
        if (died_.contains({source.id, one.key}) || !wanted(one)) continue;
        if (auto done = walk_one(source, walk, one.key); !done) return done;
      }
      if (page->size() < kPage) break;
      last = page->back();
      seen += page->size();
    }
    return walk.flush();
  }

  store::Status walk_one(SourceRun& source, SourceWalk& walk, const std::string& key) {
    const auto held = context_.mirror.ledger.find(source.id, key);
    if (!held) return held.error();
    if (!*held) return {};
    context_.at_work.set(key);
    const auto answer = walk.walk(**held, context_.now(source), context_.halt());
    if (!answer) return answer.error();
    tell(source, key, *answer);
    return {};
  }

  void tell(const SourceRun& source, const std::string& key, const WalkAnswer& answer) {
    if (answer.verdict == WalkAnswer::Verdict::kUnsound) {
      context_.report_one_of(
          source, store::AlarmKind::kUnsound, key,
          fmt::format("it was opened, and is not a sound backup: {}", answer.why));
      return;
    }
    if (answer.cause == Cause::kHalted) is_over_ = true;
    if (answer.cause == Cause::kDied) {
      died_.insert({source.id, key});
      is_over_ = died_.size() == kMaxDied;
    }
    if (answer.cause == Cause::kUnable) {
      is_over_ = true;
      context_.environment.log.warning(
          {source.config->name, "",
           fmt::format("nothing was opened: {}; what arrives is looked at as with `soundness = "
                       "quick`",
                       answer.why)});
    } else if (answer.cause == Cause::kLimit || answer.cause == Cause::kDied) {
      context_.environment.log.info(
          {source.config->name, key, fmt::format("it is not judged: {}", answer.why)});
    }
  }

  RunContext& context_;
  Clock::Steady until_ = Clock::Steady::max();
  bool is_over_ = false;
  std::set<std::pair<store::SourceId, std::string>>
      died_;  ///< in this run; once in a run is enough
};

}  // namespace

store::Status walk_due(RunContext& context) {
  const auto full =
      std::find_if(context.sources.begin(), context.sources.end(), [](const SourceRun& source) {
        return source.id != 0 && source.config->soundness == SoundnessCheck::kFull;
      });
  if (full == context.sources.end()) return {};
  if (!context.environment.walk) {
    context.environment.log.warning(
        {full->config->name, "soundness",
         "this holdfast was built without the libraries that open archives, so that `full` does "
         "what `quick` does; take one that has them ('holdfast --version -v' names them)"});
    return {};
  }
  return WalkPhase(context).run();
}

}  // namespace agent
