#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/bounded_queue.h"
#include "agent/base/retry.h"
#include "agent/base/threads.h"
#include "agent/listing/lister.h"
#include "agent/listing/listing_spool.h"
#include "agent/run/run_context.h"

namespace agent {

class Lane;

/// A listing that has ended, well or not.
struct EndedListing {
  std::size_t source = 0;
  bool in_order = true;
  s3::Result<ListEnd> result = ListEnd{};
  std::unique_ptr<ListingSpool> spool;
  std::optional<store::Error> disk_error;
};

/// Lists sources side by side, so that no source waits for the server of another one. It keeps each
/// listing in a spool until the ledger's thread gets it. next_ended() and done() belong to one
/// thread.
class Listings {
 public:
  /// Begins to list `sources`, the first ones first where they are too many for the threads. Each
  /// thread uses one of `lanes` and one of `retriers` alone; both outlive the listings.
  Listings(RunContext& context, const std::vector<std::size_t>& sources,
           std::vector<std::unique_ptr<Lane>>& lanes, std::vector<Retrier*> retriers);
  ~Listings();
  Listings(const Listings&) = delete;
  Listings& operator=(const Listings&) = delete;

  /// How many threads list: as many as the system lets us start. With none nothing ever ends.
  std::size_t count() const { return threads_.count(); }
  /// Why there are not more.
  std::string shortage() const { return threads_.shortage(); }
  /// Waits for the next listing that ends; nullopt when none did within `timeout`. Throws what one
  /// of the threads has thrown.
  std::optional<EndedListing> next_ended(std::chrono::milliseconds timeout);
  /// Whether next_ended() has returned all of them.
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
  Threads threads_;
};

}  // namespace agent
