// The ledger's thread while contents come. It feeds the workers from the plans, takes what they
// have done, and gathers it into a batch. What the workers did not verify is synced with one call
// for all and then read back, so a small content costs a fraction of a flush. What judge() accepts
// of the batch is placed and recorded by Committer, in that order. A content that is to be fetched
// again, or for whose sidecar somebody asks first, goes back into the queue, and its batch does not
// wait. The loop ends when nothing is planned, in flight or gathered. An error of the disk ends it
// at once: what was staged is found by the next run, and nothing is recorded that is not durable.
#include "agent/fetch/fetch_phase.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/run/endpoint_facts.h"

namespace agent {
namespace {

// One flush of the disk serves a whole batch; a power cut costs at most one batch of small files.
constexpr std::size_t kBatchArchives = 512;
constexpr std::uint64_t kBatchBytes = std::uint64_t{64} << 20;
constexpr std::chrono::seconds kBatchAge{10};
// Below this a sync of each file is cheaper than one of the whole filesystem.
constexpr std::size_t kFewFiles = 4;

constexpr std::chrono::milliseconds kPatience{500};
constexpr std::chrono::milliseconds kListingPatience{50};
// A server that wants fewer requests gets the same one so often again, over fewer lanes.
constexpr int kMaxThrottled = 3;

}  // namespace

FetchPhase::FetchPhase(RunContext& context, Workers& workers, LifecycleWatch& expiry,
                       Listings* listings, Plan plan)
    : context_(context),
      workers_(workers),
      feeder_(context),
      refusals_(context),
      committer_(context),
      etags_(context),
      doubts_(etags_),
      expiry_(expiry),
      listings_(listings),
      plan_(std::move(plan)),
      planned_(context.sources.size(), listings == nullptr) {
  if (listings_ != nullptr) return;
  for (std::size_t i = 0; i < context_.sources.size(); ++i) feeder_.open(i);
}

store::Status FetchPhase::run() {
  while (true) {
    if (auto planned = plan_ended_listings(std::chrono::milliseconds{0}); !planned) return planned;
    if (auto fed = feed(); !fed) return fed;
    const bool idle = workers_.in_flight() == 0;
    const bool nothing_gathered = unsynced_.empty() && accepted_.empty();
    if (idle && nothing_gathered && all_listed()) break;
    if (!idle) {
      if (auto done = workers_.next_done(all_listed() ? kPatience : kListingPatience)) {
        if (auto settled = settle(std::move(*done)); !settled) return settled;
      }
    } else if (nothing_gathered) {
      if (auto planned = plan_ended_listings(kPatience); !planned) return planned;
    }
    if (idle || batch_is_full()) {
      if (auto committed = commit(); !committed) return committed;
    }
  }
  if (auto decided = settle_doubted(); !decided) return decided;
  if (auto finished = refusals_.finish(); !finished) return finished;
  return {};
}

store::Status FetchPhase::feed() {
  const auto has_room = [&](std::size_t source) { return workers_.has_room(source); };
  while (!context_.stopping()) {
    if (!sidecars_.empty() && has_room(sidecars_.back().content.job.source)) {
      give(std::move(sidecars_.back()), {});
      sidecars_.pop_back();
      continue;
    }
    if (context_.out_of_time()) break;
    auto job = feeder_.next(reserved_, has_room);
    if (!job) return job.error();
    if (!*job) break;
    const auto reserved = (*job)->reserved;
    give(std::move(**job), reserved);
  }
  expect_work();
  return {};
}

void FetchPhase::give(Work work, const Reserved& reserved) {
  reserved_.size_bytes += reserved.size_bytes;
  reserved_.files += reserved.files;
  workers_.give(std::move(work));
}

store::Status FetchPhase::settle(Done done) {
  const auto release = [&](const Job& job) {
    reserved_.size_bytes -= std::min(reserved_.size_bytes, job.reserved.size_bytes);
    // Its file is there; its directories come with its place.
    unplaced_files_ += job.reserved.files;
  };
  if (auto* fetched = std::get_if<Fetched>(&done)) {
    ++context_.received_archives;
    release(fetched->job);
    return settle_fetched(std::move(*fetched));
  }
  if (auto* same = std::get_if<FoundSame>(&done)) {
    ++context_.received_archives;
    release(same->job);
    return settle_same(std::move(*same));
  }
  if (auto* refused = std::get_if<FetchRefused>(&done)) {
    release(refused->job);
    return settle_refused(std::move(*refused));
  }
  if (auto* moved = std::get_if<FetchMoved>(&done)) {
    release(moved->job);
    return settle_moved(std::move(*moved));
  }
  if (auto* unreadable = std::get_if<FetchUnreadable>(&done)) {
    release(unreadable->job);
    settle_unreadable(unreadable->job, unreadable->error);
    return {};
  }
  if (auto* failed = std::get_if<FetchDiskError>(&done)) {
    return std::move(failed->error);
  }
  return settle_sidecar(std::move(std::get<SidecarRead>(done)));
}

store::Status FetchPhase::settle_refused(FetchRefused refused) {
  auto& job = refused.job;
  const bool is_over = context_.halt().load() || context_.sources[job.source].stopped;
  if (!is_over && refused.error.kind == s3::ErrorKind::kAborted && job.give_way->load()) {
    ++job.gave_way;
    feeder_.later(std::move(job));
    return {};
  }
  if (!is_over && refused.error.kind == s3::ErrorKind::kThrottled &&
      ++job.throttled < kMaxThrottled) {
    feeder_.again(std::move(job));
    return {};
  }
  return refusals_.settle(refused);
}

// For the whole endpoint: it is the server that writes its listings so.
store::Status FetchPhase::learn_reading(const Fetched& fetched) {
  if (!fetched.read_otherwise) return {};
  const auto endpoint = context_.sources[fetched.job.source].session->endpoint();
  for (auto& source : context_.sources) {
    if (!source.session || source.session->endpoint() != endpoint) continue;
    source.other_reading = fetched.job.other_reading;
  }
  return context_.mirror.ledger.set_endpoint_fact(endpoint, kReadingFact,
                                                  fetched.job.other_reading ? "other" : "listed");
}

store::Status FetchPhase::settle_fetched(Fetched fetched) {
  if (auto noted = refusals_.note_success(fetched.job); !noted) return noted;
  if (auto learned = learn_reading(fetched); !learned) return learned;
  if (auto seen = expiry_.see(fetched.job, fetched.expiration); !seen) return seen;
  begin_batch();
  if (fetched.verification) return decide(std::move(fetched), std::nullopt);
  unsynced_bytes_ += fetched.job.wanted.upstream.size_bytes;
  unsynced_.push_back(std::move(fetched));
  return {};
}

void FetchPhase::settle_unreadable(const Job& job, const store::Error& error) {
  auto& source = context_.sources[job.source];
  context_.figures(source, [](SourceStatus& status) { ++status.run.failed; });
  context_.fail_source(source, ExitStatus::kIncomplete);
  context_.report(
      source, job.wanted.key,
      fmt::format("not kept: what was written for it cannot be read back ({}); look at the "
                  "kernel's log ('dmesg') and check the disk; the next run tries again",
                  store::describe(error)));
}

// What it has moved to may be what we hold, by the ETag that it is held under.
store::Status FetchPhase::settle_moved(FetchMoved moved) {
  auto& job = moved.job;
  auto& ledger = context_.mirror.ledger;
  const auto id = context_.sources[job.source].id;
  const auto& upstream = job.wanted.upstream;
  const auto held = ledger.find(id, job.wanted.key);
  if (!held) return held.error();
  const auto damaged = ledger.is_damaged(id, job.wanted.key);
  if (!damaged) return damaged.error();
  const bool same = job.held && *held && !*damaged && !upstream.etag.empty() &&
                    (*held)->upstream.etag == upstream.etag &&
                    (*held)->upstream.size_bytes == upstream.size_bytes;
  if (!same) {
    feeder_.again(std::move(job));
    return {};
  }
  begin_batch();
  keep_as_same(std::move(job));
  return {};
}

store::Status FetchPhase::settle_same(FoundSame same) {
  if (auto noted = refusals_.note_success(same.job); !noted) return noted;
  if (auto seen = expiry_.see(same.job, same.expiration); !seen) return seen;
  begin_batch();
  keep_as_same(std::move(same.job));
  return {};
}

void FetchPhase::keep_as_same(Job job) {
  Accepted accepted;
  accepted.source = job.source;
  accepted.role = job.wanted.role;
  accepted.archive.key = std::move(job.wanted.key);
  accepted.archive.upstream = std::move(job.wanted.upstream);
  accepted.archive.sha256 = job.held->sha256;
  accepted.listed_as = std::move(job.listed_as);
  accepted_.push_back(std::move(accepted));
}

void FetchPhase::begin_batch() {
  if (unsynced_.empty() && accepted_.empty()) {
    batch_begun_ = context_.environment.clock.steady_now();
  }
}

bool FetchPhase::batch_is_full() const {
  const auto archives = unsynced_.size() + accepted_.size();
  if (archives == 0) return false;
  return archives >= kBatchArchives || unsynced_bytes_ >= kBatchBytes ||
         context_.environment.clock.steady_now() - batch_begun_ >= kBatchAge;
}

store::Status FetchPhase::commit() {
  if (auto verified = sync_and_verify(); !verified) return verified;
  if (auto kept = committer_.commit(std::exchange(accepted_, {})); !kept) return kept;
  reserved_.files -= std::min(reserved_.files, std::exchange(unplaced_files_, 0));
  return {};
}

store::Status FetchPhase::sync_and_verify() {
  auto small = std::exchange(unsynced_, {});
  unsynced_bytes_ = 0;
  if (small.empty()) return {};
  if (auto synced = sync_small(small); !synced) return synced;
  for (auto& fetched : small) {
    const auto verified = verify_small(fetched);
    if (!verified) return verified.error();
    if (!*verified) continue;
    if (auto decided = decide(std::move(fetched), std::nullopt); !decided) return decided;
  }
  return {};
}

// False where it cannot be read back, which is its own trouble until it is that of many.
store::Result<bool> FetchPhase::verify_small(Fetched& fetched) {
  auto verified = [&]() -> store::Result<Verification> {
    const auto file = context_.mirror.disk().open_to_read_back(fetched.path);
    if (!file) return file.error();
    return verify_content(**file, fetched.job.wanted.upstream.size_bytes, fetched.promises,
                          fetched.further_promises, [] { return true; });
  }();
  if (verified) {
    fetched.verification = std::move(*verified);
    return true;
  }
  if (context_.unreadable.note(fetched.path)) return verified.error();
  if (auto removed = context_.mirror.staging.remove(fetched.path); !removed) return removed.error();
  settle_unreadable(fetched.job, verified.error());
  return false;
}

store::Status FetchPhase::sync_small(const std::vector<Fetched>& small) {
  if (small.size() > kFewFiles) {
    auto synced = context_.mirror.staging.sync_all();
    if (synced || synced.error().kind != store::ErrorKind::kNotSupported) return synced;
  }
  for (const auto& fetched : small) {
    if (auto synced = context_.mirror.staging.sync(fetched.path); !synced) return synced;
  }
  return {};
}

}  // namespace agent
