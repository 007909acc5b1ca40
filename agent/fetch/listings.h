#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/base/bounded_queue.h"
#include "agent/base/retry.h"
#include "agent/listing/lister.h"
#include "agent/listing/listing_spool.h"
#include "agent/run/run_context.h"

namespace agent {

class Lane;

/// A listing that has ended, however.
struct EndedListing {
  std::size_t source = 0;
  bool in_order = true;
  s3::Result<ListEnd> result = ListEnd{};
  std::unique_ptr<ListingSpool> spool;
  std::optional<store::Error> disk_error;
};

/// Lists sources side by side, so that none waits for another one's server. Each listing is kept
/// until the ledger's thread takes it. next_ended() and done() belong to one thread.
class Listings {
 public:
  /// In this order, where they are too many to be listed at once. `lanes` and `retriers` outlive
  /// it: one of each a thread, used by it alone.
  Listings(RunContext& context, const std::vector<std::size_t>& sources,
           std::vector<std::unique_ptr<Lane>>& lanes, std::vector<Retrier*> retriers);
  ~Listings();
  Listings(const Listings&) = delete;
  Listings& operator=(const Listings&) = delete;

  /// nullopt when none was done within `timeout`.
  std::optional<EndedListing> next_ended(std::chrono::milliseconds timeout);
  /// All have been taken.
  bool done() const { return left_ == 0; }

 private:
  void run(std::size_t lane);
  EndedListing list(std::size_t source, std::size_t lane);
  EndedListing list(std::size_t source, std::size_t lane, bool in_order);

  RunContext& context_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  const std::vector<Retrier*> retriers_;
  std::size_t left_;
  BoundedQueue<std::size_t> sources_;
  BoundedQueue<EndedListing> listed_;
  std::vector<std::thread> threads_;
};

}  // namespace agent
