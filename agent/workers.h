#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/bounded_queue.h"
#include "agent/fetcher.h"
#include "agent/job.h"
#include "agent/run_context.h"

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

/// The threads that fetch. Work and results pass over two bounded queues; the workers touch neither
/// the ledger nor the status. give(), take() and in_flight() belong to one thread.
class Workers {
 public:
  /// `lanes` and `retriers` outlive the workers: one of each a thread, used by it alone.
  Workers(RunContext& context, std::vector<std::unique_ptr<Lane>>& lanes,
          std::vector<std::unique_ptr<Retrier>>& retriers, RateLimit& rate_limit);
  ~Workers();

  bool has_room() const { return in_flight_ < capacity_; }
  std::size_t in_flight() const { return in_flight_; }
  /// Requires has_room().
  void give(Work work);
  /// nullopt when nothing was done within `timeout`.
  std::optional<Done> take(std::chrono::milliseconds timeout);

 private:
  void run(std::size_t lane);

  RunContext& context_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  std::vector<std::unique_ptr<Retrier>>& retriers_;
  const Fetcher::Shared shared_;
  const std::size_t capacity_;
  BoundedQueue<Work> work_;
  BoundedQueue<Done> done_;
  std::size_t in_flight_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace agent
