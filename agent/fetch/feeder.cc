#include "agent/fetch/feeder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/units.h"
#include "store/content/staging.h"

namespace agent {
namespace {
constexpr std::size_t kLookAhead = 64;

// Where that much is free besides, the disk is asked once for so many small archives.
constexpr std::uint64_t kJobsBetweenLooks = 32;
constexpr std::uint64_t kSmallBytes = 1ULL << 20;
constexpr std::uint64_t kPlentyBytes = 1ULL << 30;
constexpr std::uint64_t kPlentyFiles = 10000;
}  // namespace

Feeder::Feeder(RunContext& context)
    : context_(context),
      largest_file_bytes_(store::largest_file_bytes_of(context.mirror.disk().filesystem_name())),
      positions_(context.sources.size()) {
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

store::Result<std::uint64_t> Feeder::staged_bytes(const Job& job) {
  const auto& upstream = job.wanted.upstream;
  return store::collected_bytes(context_.mirror.disk(),
                                store::staging_path(job.source_name, job.wanted.key,
                                                    upstream.version_id, upstream.etag,
                                                    upstream.size_bytes),
                                upstream.size_bytes);
}

// Whether so much was free a moment ago that what has been handed out since makes no difference.
bool Feeder::is_roomy(std::uint64_t size_bytes, const Reserved& reserved) const {
  if (!seen_ || seen_->total_bytes == 0 || since_.jobs >= kJobsBetweenLooks) return false;
  if (size_bytes > kSmallBytes) return false;
  const auto spoken_for =
      context_.config.disk.min_free_bytes + reserved.size_bytes + since_.size_bytes + kPlentyBytes;
  const auto files = seen_->total_files / 1000 + reserved.files + since_.files + kPlentyFiles;
  return seen_->free_bytes >= spoken_for && (seen_->total_files == 0 || seen_->free_files >= files);
}

store::Result<Feeder::Fit> Feeder::fit(const Job& job, const Reserved& reserved) {
  const auto size = job.wanted.upstream.size_bytes;
  if (!is_roomy(size, reserved)) {
    const auto looked = look_for_room(job, reserved);
    if (!looked || *looked != Fit::kFits) return looked;
  }
  ++since_.jobs;
  since_.size_bytes += size;
  since_.files += files_of(job.archive_path);
  return Fit::kFits;
}

store::Result<Feeder::Fit> Feeder::look_for_room(const Job& job, const Reserved& reserved) {
  const auto space = context_.mirror.disk().space();
  if (!space) return space.error();
  seen_ = *space;
  since_ = {};
  const auto size = job.wanted.upstream.size_bytes;
  if (size > largest_file_bytes_) return Fit::kNever;
  const Room room{*space, context_.config.disk.min_free_bytes};
  if (!room.has_files(files_of(job.archive_path) + reserved.files))
    return reserved.files > 0 ? Fit::kLater : Fit::kNoFiles;
  // Some drivers cannot tell.
  if (space->total_bytes == 0) return Fit::kFits;
  const auto floor = context_.config.disk.min_free_bytes;
  const auto needed = size + reserved.size_bytes + floor;
  // A size near 2^64 is the upstream's invention.
  if (needed < size || needed < floor) return Fit::kNever;
  if (space->free_bytes >= needed) return Fit::kFits;
  const auto staged = staged_bytes(job);
  if (!staged) return staged.error();
  if (space->free_bytes >= needed - *staged) return Fit::kFits;
  return reserved.size_bytes > 0 ? Fit::kLater : Fit::kNever;
}

void Feeder::leave_out(std::size_t source, const store::Pending& pending, Fit why) {
  auto& run = context_.sources[source];
  context_.fail_source(run, ExitStatus::kIncomplete);
  context_.figures(run, [](SourceStatus& status) { ++status.run.failed; });
  // One line says it; a flood of them would hide everything else.
  auto& position = positions_[source];
  auto& told = why == Fit::kNoFiles                                ? position.told_of_files
               : pending.upstream.size_bytes > largest_file_bytes_ ? position.told_of_size
                                                                   : position.told_of_space;
  if (std::exchange(told, true)) return;
  context_.report(run, pending.key, why_left_out(pending.upstream.size_bytes, why));
}

std::string Feeder::why_left_out(std::uint64_t size_bytes, Fit why) const {
  if (why == Fit::kNoFiles) {
    return "not fetched: the disk has room for hardly any more files (a thousandth of them stays "
           "free, as min_free does of the bytes). Set keep rules or remove small files, and format "
           "the next disk with more (mkfs.ext4 -N)";
  }
  if (size_bytes > largest_file_bytes_) {
    return fmt::format(
        "not fetched: it has {}, and a file on this disk ({}) must be smaller than 4 GiB. Copy the "
        "mirror to a disk with ext4 or exFAT, or have the uploader split its archives",
        format_size(size_bytes), context_.mirror.disk().filesystem_name());
  }
  return fmt::format(
      "not fetched: its {} would leave less than min_free = {} on the disk. Make room or use a "
      "larger disk; if it is larger than expected, find out who wrote it",
      format_size(size_bytes), format_size(context_.config.disk.min_free_bytes));
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
    const auto fitting = fit(first, reserved);
    if (!fitting) return fitting.error();
    if (*fitting == Fit::kLater) {
      waiting_ = true;
      return std::nullopt;
    }
    Job job = std::move(first);
    jobs.pop_front();
    if (*fitting == Fit::kFits) {
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
    const auto fitting = fit(*job, reserved);
    if (!fitting) return fitting.error();
    if (*fitting == Fit::kLater) {
      waiting_ = true;
      return std::nullopt;
    }
    position.ahead.pop_front();
    if (*fitting == Fit::kFits) {
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
