#include "agent/feeder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/units.h"
#include "store/staging.h"

namespace agent {
namespace {
constexpr std::size_t kLookAhead = 64;
}

Feeder::Feeder(RunContext& context)
    : context_(context),
      largest_file_bytes_(store::largest_file_bytes_of(context.mirror.disk->filesystem_name())),
      positions_(context.sources.size()) {}

store::Result<bool> Feeder::fill(std::size_t source) {
  auto& position = positions_[source];
  if (!position.ahead.empty()) return true;
  if (position.exhausted || context_.sources[source].stopped) return false;
  auto more = context_.mirror.ledger.next_pending(
      context_.sources[source].id, position.last ? &*position.last : nullptr, kLookAhead);
  if (!more) return more.error();
  position.exhausted = more->size() < kLookAhead;
  if (more->empty()) return false;
  position.last = more->back();
  position.ahead.assign(std::make_move_iterator(more->begin()),
                        std::make_move_iterator(more->end()));
  return true;
}

store::Result<std::uint64_t> Feeder::staged_bytes(const Job& job) {
  const auto& upstream = job.wanted.upstream;
  const auto info = context_.mirror.disk->stat(store::staging_path(
      job.source_name, job.wanted.key, upstream.version_id, upstream.etag, upstream.size_bytes));
  if (!info) return info.error();
  return *info ? std::min((*info)->size_bytes, upstream.size_bytes) : 0;
}

store::Result<bool> Feeder::fits(const Job& job, std::uint64_t reserved_bytes) {
  const auto space = context_.mirror.disk->space();
  if (!space) return space.error();
  const auto size = job.wanted.upstream.size_bytes;
  if (size > largest_file_bytes_) return false;
  // Some drivers cannot tell.
  if (space->total_bytes == 0) return true;
  const auto floor = context_.config.disk.min_free_bytes;
  const auto needed = size + reserved_bytes + floor;
  // A size near 2^64 is the upstream's invention.
  if (needed < size || needed < floor) return false;
  if (space->free_bytes >= needed) return true;
  const auto staged = staged_bytes(job);
  if (!staged) return staged.error();
  return space->free_bytes >= needed - *staged;
}

void Feeder::leave_out(std::size_t source, const store::Pending& pending) {
  auto& run = context_.sources[source];
  context_.fail_source(run, ExitStatus::kIncomplete);
  context_.figures(run, [](SourceStatus& status) { ++status.run.failed; });
  // One line says it; a flood of them would hide everything else.
  auto& told = pending.upstream.size_bytes > largest_file_bytes_ ? positions_[source].told_of_size
                                                                 : positions_[source].told_of_space;
  if (std::exchange(told, true)) return;
  context_.report(run, pending.key, why_left_out(pending.upstream.size_bytes));
}

std::string Feeder::why_left_out(std::uint64_t size_bytes) const {
  if (size_bytes > largest_file_bytes_) {
    return fmt::format(
        "not fetched: it has {}, and a file on this disk ({}) has to be smaller than 4 GiB. Copy "
        "what is held to a disk with ext4 or exFAT, or have the uploader split its archives",
        format_size(size_bytes), context_.mirror.disk->filesystem_name());
  }
  return fmt::format(
      "not fetched: its {} would leave less than min_free = {} on the disk; what is held stays. "
      "Make room or use a larger disk, or find out who wrote it",
      format_size(size_bytes), format_size(context_.config.disk.min_free_bytes));
}

store::Result<Job> Feeder::job_of(std::size_t source, store::Pending pending) const {
  const auto& run = context_.sources[source];
  Job job;
  job.source = source;
  job.source_name = run.config->name;
  job.archive_path = store::archive_path(run.config->name, pending.key, context_.mirror.rules,
                                         store::NameVariant::kPlain);
  job.wanted = std::move(pending);
  job.trust = run.trust;
  if (job.wanted.role != store::Role::kChanged) return job;
  const auto held = context_.mirror.ledger.find(run.id, job.wanted.key);
  if (!held) return held.error();
  if (*held) {
    job.held = HeldCopy{store::archive_path(run.config->name, job.wanted.key, context_.mirror.rules,
                                            (*held)->variant),
                        (*held)->upstream.size_bytes, (*held)->sha256};
  }
  return job;
}

store::Result<std::optional<Job>> Feeder::next(std::uint64_t reserved_bytes) {
  while (!again_.empty()) {
    Job job = std::move(again_.front());
    again_.pop_front();
    if (context_.sources[job.source].stopped) continue;
    job.trust = context_.sources[job.source].trust;
    return job;
  }
  std::size_t idle = 0;
  while (idle < positions_.size()) {
    const auto source = turn_;
    const auto filled = fill(source);
    if (!filled) return filled.error();
    if (!*filled || context_.sources[source].stopped) {
      turn_ = (turn_ + 1) % positions_.size();
      ++idle;
      continue;
    }
    idle = 0;
    auto& ahead = positions_[source].ahead;
    auto job = job_of(source, ahead.front());
    if (!job) return job.error();
    const auto fit = fits(*job, reserved_bytes);
    if (!fit) return fit.error();
    const bool may_fit_later = job->wanted.upstream.size_bytes <= largest_file_bytes_;
    if (!*fit && reserved_bytes > 0 && may_fit_later) return std::nullopt;
    ahead.pop_front();
    turn_ = (turn_ + 1) % positions_.size();
    if (*fit) return *std::move(job);
    leave_out(source, job->wanted);
  }
  return std::nullopt;
}

}  // namespace agent
