#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/alarms/lifecycle_watch.h"
#include "agent/fetch/committer.h"
#include "agent/fetch/doubted_contents.h"
#include "agent/fetch/feeder.h"
#include "agent/fetch/listings.h"
#include "agent/fetch/refusals.h"
#include "agent/fetch/workers.h"
#include "agent/listing/list_phase.h"
#include "agent/proof/job.h"
#include "agent/proof/judge.h"
#include "agent/run/etag_evidence.h"
#include "agent/run/run_context.h"

namespace agent {

/// Takes the listings as they end, fetches what their plans want and makes it held, a batch at a
/// time, in one order: staged, synced, read back, placed, directories synced, recorded. Owns the
/// ledger while it runs.
class FetchPhase {
 public:
  /// What lists a source in the ledger's thread, from pages that were read before.
  using Plan = std::function<store::Status(std::size_t source, const PageFeed& pages)>;

  /// `listings`: nullptr when all sources have their plans.
  FetchPhase(RunContext& context, Workers& workers, LifecycleWatch& expiry, Listings* listings,
             Plan plan);

  /// Returns when all is done, the time is up, or a stop was asked for. An error is the disk's, and
  /// ends the run; whatever was recorded before it is durable.
  store::Status run();

 private:
  store::Status feed();
  store::Status plan_ended_listings(std::chrono::milliseconds timeout);
  store::Status plan(EndedListing listed);
  bool all_listed() const { return listings_ == nullptr || listings_->done(); }
  void expect_work();
  store::Status settle_refused(FetchRefused refused);
  store::Status learn_reading(const Fetched& fetched);
  store::Status settle(Done done);
  store::Status settle_fetched(Fetched fetched);
  store::Status settle_same(FoundSame same);
  store::Status settle_moved(FetchMoved moved);
  void keep_as_same(Job job);
  store::Status settle_sidecar(SidecarRead read);
  void settle_unreadable(const Job& job, const store::Error& error);
  store::Result<bool> verify_small(Fetched& fetched);
  store::Status decide(Fetched fetched, const std::optional<SidecarAnswer>& sidecar);
  void give(Work work, const Reserved& reserved);

  void accept(Fetched fetched, ProofLevel level);
  store::Status fetch_again(Fetched fetched, int attempt);
  store::Status mismatch(const Fetched& fetched, ProofLevel level);
  store::Status doubt_etag(Fetched fetched, ProofLevel level);
  store::Status settle_doubted();
  void warn_of_overruled(const Fetched& fetched) const;
  store::Result<std::string> listed_sidecar(const Fetched& fetched);

  void begin_batch();
  bool batch_is_full() const;
  store::Status commit();
  store::Status sync_and_verify();
  store::Status sync_small(const std::vector<Fetched>& small);

  RunContext& context_;
  Workers& workers_;
  Feeder feeder_;
  Refusals refusals_;
  Committer committer_;
  EtagEvidence etags_;
  DoubtedContents doubts_;
  LifecycleWatch& expiry_;
  Listings* const listings_;
  const Plan plan_;
  std::vector<bool> planned_;
  std::vector<Fetched> unsynced_;  ///< small ones, complete and not yet durable
  std::uint64_t unsynced_bytes_ = 0;
  std::vector<Accepted> accepted_;
  std::vector<SidecarJob> sidecars_;
  Reserved reserved_{};
  std::uint64_t unplaced_files_ = 0;  ///< reserved for what has come, until it is placed
  Clock::Steady batch_begun_{};
};

}  // namespace agent
