#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/bounded_queue.h"
#include "agent/base/threads.h"
#include "agent/fetch/fetcher.h"
#include "agent/fetch/work_queue.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// One thread's way to the network: a transport for each CA bundle and a client for each source,
/// made when first used. Connections live as long as the lane.
class Lane {
 public:
  explicit Lane(const RunContext& context) : context_(context) {}
  s3::Client& client(std::size_t source);

 private:
  const RunContext& context_;
  std::map<std::string, std::unique_ptr<s3::Transport>> transports_;
  std::map<std::size_t, s3::Client> clients_;
};

/// The threads that fetch. Work and results pass over two queues, bounded by has_room(); the
/// workers touch neither the ledger nor the status. All but expect() belong to one thread.
class Workers {
 public:
  /// `lanes` and `retriers` outlive the workers: one of each a thread, used by it alone.
  Workers(RunContext& context, std::vector<std::unique_ptr<Lane>>& lanes,
          std::vector<Retrier*> retriers, RateLimit& rate_limit);
  ~Workers();

  /// At most one for each lane: as many as the system lets us start. With none there is nobody to
  /// give anything to.
  std::size_t count() const { return threads_.count(); }
  /// Why there are not more.
  std::string shortage() const { return threads_.shortage(); }
  /// For one more work of this source.
  bool has_room(std::size_t source) const;
  /// Whether the source may still come with work: then a lane is kept for it.
  void expect(std::size_t source, bool expected) { work_.set_expected(source, expected); }
  std::size_t in_flight() const { return in_flight_; }
  /// Requires has_room() of its source.
  void give(Work work);
  /// nullopt when nothing was done within `timeout`. Throws what a worker has thrown.
  std::optional<Done> next_done(std::chrono::milliseconds timeout);

 private:
  // A source that has waited so long for a lane is given one of another's.
  static constexpr std::chrono::seconds kTurn{30};

  void run(std::size_t lane);
  void tell_of_shortage();
  void lower_lanes(const s3::Session& session);
  std::size_t capacity() const { return lanes_.size() * (1 + context_.sources.size()); }

  RunContext& context_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  const std::vector<Retrier*> retriers_;
  const Fetcher::Shared shared_;
  WorkQueue work_;
  BoundedQueue<Done> done_;
  std::size_t in_flight_ = 0;
  Threads threads_;
};

}  // namespace agent
