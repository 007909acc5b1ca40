#include "agent/fetch/feeder.h"

#include <iterator>
#include <utility>

namespace agent {
namespace {
constexpr std::size_t kLookAhead = 64;

}  // namespace

Feeder::Feeder(RunContext& context)
    : context_(context), space_(context), positions_(context.sources.size()) {
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    positions_[i].goes_last = context.sources[i].failed_last_time;
  }
}

bool Feeder::has_more(std::size_t source) const {
  const auto& position = positions_[source];
  if (!position.again.empty()) return true;
  if (!position.open || context_.sources[source].stopped) return false;
  return !position.exhausted || !position.ahead.empty();
}

store::Result<bool> Feeder::fill(std::size_t source) {
  using Setbacks = store::Ledger::Setbacks;
  auto& position = positions_[source];
  while (position.ahead.empty() && !position.exhausted) {
    auto more = context_.mirror.ledger.next_pending(context_.sources[source].id,
                                                    position.last ? &*position.last : nullptr,
                                                    kLookAhead, position.pass);
    if (!more) return more.error();
    if (!more->empty()) position.last = more->back();
    if (more->size() < kLookAhead) {
      position.exhausted = std::exchange(position.pass, Setbacks::kSome) == Setbacks::kSome;
      position.last.reset();
    }
    position.ahead.assign(std::make_move_iterator(more->begin()),
                          std::make_move_iterator(more->end()));
  }
  return !position.ahead.empty();
}

void Feeder::leave_out(std::size_t source, const store::Pending& pending, RoomLeft::Fit why) {
  auto& run = context_.sources[source];
  context_.fail_source(run, ExitStatus::kIncomplete);
  context_.figures(run, [](SourceStatus& status) { ++status.run.failed; });
  // One line says it; a flood of them would hide everything else.
  auto& position = positions_[source];
  auto& told = why == RoomLeft::Fit::kNoFiles                     ? position.told_of_files
               : space_.is_too_large(pending.upstream.size_bytes) ? position.told_of_size
                                                                  : position.told_of_space;
  if (std::exchange(told, true)) return;
  context_.report(run, pending.key, space_.why_left_out(pending.upstream.size_bytes, why));
}

// As the run knows it now.
void Feeder::make_ready(Job& job) const {
  const auto& run = context_.sources[job.source];
  job.trust = run.trust;
  job.part_hints = run.part_hints;
  job.impatient = run.is_impatient();
  job.give_way = std::make_shared<std::atomic<bool>>(false);
}

store::Result<Job> Feeder::job_of(std::size_t source, store::Pending pending) const {
  const auto& run = context_.sources[source];
  Job job;
  job.source = source;
  job.source_name = run.config->name;
  job.archive_path =
      store::archive_path(run.config->name, pending.key, context_.mirror.rules,
                          store::variants_of(pending.key, context_.mirror.rules).front());
  job.wanted = std::move(pending);
  job.other_reading = run.other_reading;
  make_ready(job);
  if (job.wanted.role != store::Role::kChanged) return job;
  const auto held = context_.mirror.ledger.find(run.id, job.wanted.key);
  if (!held) return held.error();
  const auto damaged = context_.mirror.ledger.is_damaged(run.id, job.wanted.key);
  if (!damaged) return damaged.error();
  if (*held && !*damaged) {
    job.held = HeldCopy{store::archive_path(run.config->name, job.wanted.key, context_.mirror.rules,
                                            (*held)->variant),
                        (*held)->upstream.size_bytes, (*held)->sha256};
  }
  return job;
}

store::Result<std::optional<Job>> Feeder::first_that_fits(std::deque<Job>& jobs,
                                                          const Reserved& reserved) {
  while (!jobs.empty()) {
    auto& first = jobs.front();
    if (context_.sources[first.source].stopped) {
      jobs.pop_front();
      continue;
    }
    const auto fitting = space_.fit(first, reserved);
    if (!fitting) return fitting.error();
    if (*fitting == RoomLeft::Fit::kLater) {
      waiting_ = true;
      return std::nullopt;
    }
    Job job = std::move(first);
    jobs.pop_front();
    if (*fitting == RoomLeft::Fit::kFits) {
      make_ready(job);
      job.reserved = {job.wanted.upstream.size_bytes, files_of(job.archive_path)};
      return job;
    }
    leave_out(job.source, job.wanted, *fitting);
  }
  return std::nullopt;
}

store::Result<std::optional<Job>> Feeder::next_of(std::size_t source, const Reserved& reserved) {
  auto& position = positions_[source];
  auto again = first_that_fits(position.again, reserved);
  if (!again || *again) return again;
  while (position.open && !context_.sources[source].stopped) {
    const auto filled = fill(source);
    if (!filled) return filled.error();
    if (!*filled) return std::nullopt;
    auto job = job_of(source, position.ahead.front());
    if (!job) return job.error();
    const auto fitting = space_.fit(*job, reserved);
    if (!fitting) return fitting.error();
    if (*fitting == RoomLeft::Fit::kLater) {
      waiting_ = true;
      return std::nullopt;
    }
    position.ahead.pop_front();
    if (*fitting == RoomLeft::Fit::kFits) {
      job->reserved = {job->wanted.upstream.size_bytes, files_of(job->archive_path)};
      return *std::move(job);
    }
    leave_out(source, job->wanted, *fitting);
  }
  return std::nullopt;
}

store::Result<std::optional<Job>> Feeder::next(const Reserved& reserved,
                                               const std::function<bool(std::size_t)>& has_room) {
  waiting_ = false;
  bool anything_else = false;
  for (const bool last : {false, true}) {
    for (std::size_t i = 0; i < positions_.size(); ++i) {
      const auto source = (turn_ + i) % positions_.size();
      if (positions_[source].goes_last != last) continue;
      if (!has_room(source)) {
        anything_else = anything_else || has_more(source);
        continue;
      }
      auto job = next_of(source, reserved);
      if (!job) return job;
      if (!*job) continue;
      turn_ = (source + 1) % positions_.size();
      return job;
    }
  }
  if (anything_else || waiting_) return std::nullopt;
  return first_that_fits(late_, reserved);
}

}  // namespace agent
