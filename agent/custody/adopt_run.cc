#include "agent/custody/adopt_run.h"

#include <fmt/format.h>

#include <utility>

#include "agent/custody/staging_sweep.h"
#include "agent/custody/stale_sums.h"
#include "agent/listing/list_phase.h"
#include "agent/listing/listing_memory.h"
#include "agent/report/progress.h"
#include "agent/report/pull_status.h"
#include "agent/run/doubtful_ages.h"
#include "agent/run/sources.h"

namespace agent {
namespace {

constexpr std::size_t kRows = 64;
constexpr std::size_t kMaxLookedForStrips = 20;
constexpr const char* kUnlistedKind = "files that the bucket does not have";

}  // namespace

AdoptRun::AdoptRun(RunContext& context, const AdoptOptions& options, AdoptDirectory& directory,
                   const Print& print)
    : context_(context),
      options_(options),
      directory_(directory),
      print_(print),
      names_(options.strip),
      lane_(context),
      retrier_(context.config.agent.retries, context.environment.clock, context.environment.stop,
               context.environment.seed),
      prover_(context, lane_.client(0), retrier_),
      batch_(context, options, directory, prover_, counts_) {}

store::Status AdoptRun::run() {
  if (auto recalled = recall_facts(context_, source()); !recalled) return recalled;
  if (auto recalled = recall_listing(context_, source()); !recalled) return recalled;
  auto done = options_.dry_run ? look() : adopt();
  if (context_.stopping()) counts_.interrupted = true;
  context_.tell_rest(source());
  return done;
}

// What a pull would fetch is looked for, as long as the plan lives.
store::Status AdoptRun::look() {
  return list_source(context_, source(), lane_.client(0), retrier_,
                     [&](store::Ledger::Plan& plan) -> store::Status {
                       plan_ = &plan;
                       auto walked = decide_on_orphans();
                       if (walked) walked = walk();
                       if (!walked) return walked;
                       store::Status looked;
                       const auto visited = plan.visit_wanted([&](const store::Pending& wanted) {
                         if (stopping()) return false;
                         looked = consider(wanted);
                         return looked.has_value();
                       });
                       return visited ? looked : visited;
                     });
}

store::Status AdoptRun::adopt() {
  if (auto listed = list_source(context_, source(), lane_.client(0), retrier_, nullptr); !listed) {
    return listed;
  }
  if (auto settled = settle_time(context_, source()); !settled) return settled;
  if (source().listed == SourceRun::ListingResult::kNo) return {};
  if (auto swept = sweep_unwanted(context_); !swept) return swept;
  if (auto decided = decide_on_orphans(); !decided) return decided;
  const auto backlog = context_.mirror.ledger.backlog(source().id);
  if (!backlog) return backlog.error();
  {
    const auto progress = make_progress(context_.environment, [&] {
      ProgressFigures figures;
      figures.archives = done_.load();
      figures.archives_total = backlog->archives;
      figures.size_bytes = done_bytes_.load();
      figures.total_bytes = backlog->size_bytes;
      figures.at_work = context_.at_work.get();
      return figures;
    });
    // First, so that what is adopted now does not count as held before.
    if (auto walked = walk(); !walked) return walked;
    if (auto taken = adopt_pending(); !taken) return taken;
    if (auto committed = batch_.commit(); !committed) return committed;
  }
  if (auto remembered = remember_refusals(context_); !remembered) return remembered;
  return write_stale_sums(context_);
}

bool AdoptRun::stopping() {
  if (context_.stopping()) counts_.interrupted = true;
  return counts_.interrupted || source().stopped || batch_.directory_is_gone();
}

// Only a listing that is whole says what the bucket no longer has, and on HOLD nothing does.
store::Status AdoptRun::decide_on_orphans() {
  if (!options_.orphans) return {};
  const auto totals = context_.mirror.ledger.totals(source().id);
  if (!totals) return totals.error();
  adopts_orphans_ = source().listed == SourceRun::ListingResult::kWhole && !totals->hold_since;
  if (adopts_orphans_) return look_for_strip();
  context_.fail_source(source(), ExitStatus::kIncomplete);
  context_.report(
      source(), "",
      totals->hold_since
          ? fmt::format("the source is on HOLD, so that what the bucket no longer has is "
                        "not adopted; find out what happened, then: holdfast ack {}",
                        source().config->name)
          : "the listing may have left something out, so that nothing is adopted that "
            "it does not have; try it again later");
  return {};
}

// Where a prefix was left out and not said, every file looks like one that the bucket lacks.
store::Status AdoptRun::look_for_strip() {
  std::vector<store::Pending> some;
  if (plan_ != nullptr) {
    auto visited = plan_->visit_wanted([&](const store::Pending& wanted) {
      some.push_back(wanted);
      return some.size() < kMaxLookedForStrips;
    });
    if (!visited) return visited;
  } else {
    auto rows = context_.mirror.ledger.next_pending(source().id, nullptr, kMaxLookedForStrips);
    if (!rows) return rows.error();
    some = *std::move(rows);
  }
  std::string strip;
  for (const auto& wanted : some) {
    const auto found = directory_.find(names_.paths_of(wanted.key), wanted.upstream.size_bytes);
    if (found && found->file) return {};
    if (strip.empty()) strip = strip_that_finds(wanted);
  }
  if (strip.empty() || strip == options_.strip) return {};
  adopts_orphans_ = false;
  context_.fail_source(source(), ExitStatus::kIncomplete);
  context_.report(
      source(), "",
      fmt::format("files lie in {} without the beginning of their keys, so that none is "
                  "taken for one that the bucket lacks",
                  options_.directory));
  return {};
}

std::string AdoptRun::strip_that_finds(const store::Pending& wanted) {
  for (const auto& strip : likely_strips(wanted.key)) {
    const auto found =
        directory_.find(AdoptNames(strip).paths_of(wanted.key), wanted.upstream.size_bytes);
    if (found && found->file) return strip;
  }
  return "";
}

store::Status AdoptRun::adopt_pending() {
  std::optional<store::Pending> last;
  while (!stopping()) {
    auto rows = context_.mirror.ledger.next_pending(source().id, last ? &*last : nullptr, kRows);
    if (!rows) return rows.error();
    for (const auto& wanted : *rows) {
      if (stopping()) return {};
      if (auto considered = consider(wanted); !considered) return considered;
      ++done_;
      done_bytes_ += wanted.upstream.size_bytes;
    }
    if (rows->size() < kRows) return {};
    last = std::move(rows->back());
  }
  return {};
}

store::Status AdoptRun::consider(const store::Pending& wanted) {
  // What else has come to be under a held key is for a pull.
  const bool is_for_us = wanted.role == store::Role::kNew || wanted.role == store::Role::kRepair;
  if (!is_for_us) return {};
  auto found = directory_.find(names_.paths_of(wanted.key), wanted.upstream.size_bytes);
  if (!found) {
    batch_.fail(wanted.key, found.error());
    return {};
  }
  if (found->file && options_.dry_run) {
    batch_.look_at(wanted, *found->file, print_);
    return {};
  }
  if (found->file) return batch_.adopt(wanted, *std::move(found->file));
  if (found->trouble.empty()) {
    note_missing(wanted);
  } else {
    batch_.fail(wanted.key, names_.paths_of(wanted.key).front(), found->trouble);
  }
  return {};
}

// Nearly always the other tool left out a prefix, or the directory is another one.
void AdoptRun::note_missing(const store::Pending& wanted) {
  ++counts_.missing;
  if (!options_.strip.empty() || !likely_strip_.empty()) return;
  if (++looked_for_strips_ > kMaxLookedForStrips) return;
  likely_strip_ = strip_that_finds(wanted);
}

store::Status AdoptRun::walk() {
  store::Status considered;
  directory_.visit(
      [&](const AdoptDirectory::File& file) {
        considered = consider_file(file);
        return considered.has_value() && !stopping();
      },
      [&](const store::Error& error) { batch_.fail("", error); });
  return considered;
}

store::Status AdoptRun::consider_file(const AdoptDirectory::File& file) {
  using KeyState = store::Ledger::KeyState;
  const auto& config = *source().config;
  std::optional<std::string> unheard;
  for (const auto& key : names_.keys_of(file.path)) {
    const bool belongs =
        key.starts_with(config.prefix) && config.wants(key) && store::can_have_path(key);
    if (!belongs) continue;
    const auto heard = state_of_key(key);
    if (!heard) return heard.error();
    if (*heard == KeyState::kHeld) return consider_held(key, file);
    if (*heard == KeyState::kRemoved) ++counts_.removed;
    if (*heard != KeyState::kNo) return {};
    if (!unheard) unheard = key;
  }
  return unheard ? consider_orphan(*unheard, file) : store::Status{};
}

store::Result<store::Ledger::KeyState> AdoptRun::state_of_key(const std::string& key) {
  const auto heard = context_.mirror.ledger.state_of_key(source().id, key);
  if (!heard || *heard != store::Ledger::KeyState::kNo || plan_ == nullptr) return heard;
  const auto wanted = plan_->is_wanted(key);
  if (!wanted) return wanted.error();
  return *wanted ? store::Ledger::KeyState::kPending : *heard;
}

store::Status AdoptRun::consider_held(const std::string& key, const AdoptDirectory::File& file) {
  auto& ledger = context_.mirror.ledger;
  const auto damaged = ledger.is_damaged(source().id, key);
  if (!damaged) return damaged.error();
  // The plan wants it.
  if (*damaged) return {};
  ++counts_.held;
  const auto held = ledger.find(source().id, key);
  if (!held) return held.error();
  if (*held) batch_.leave_held(**held, file);
  return {};
}

store::Status AdoptRun::consider_orphan(const std::string& key, const AdoptDirectory::File& file) {
  if (!adopts_orphans_) {
    ++counts_.unlisted;
    context_.report_one_of(source(), kUnlistedKind, key,
                           fmt::format("the bucket does not have {}/{}; it was not adopted",
                                       options_.directory, file.path));
    return {};
  }
  store::Pending wanted;
  wanted.key = key;
  wanted.upstream.size_bytes = file.info.size_bytes;
  wanted.role = store::Role::kOrphan;
  if (!options_.dry_run) return batch_.adopt(std::move(wanted), file);
  batch_.look_at(std::move(wanted), file, print_);
  return {};
}

}  // namespace agent
