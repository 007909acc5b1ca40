#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/base/clock.h"
#include "agent/base/halt.h"
#include "agent/base/rate_limit.h"
#include "agent/base/retry.h"
#include "agent/proof/job.h"
#include "s3client/client.h"
#include "store/content/staging.h"
#include "store/custody/failing_disk.h"
#include "store/disk/disk.h"

namespace agent {

class RangeShares;

/// From this size on, and of any size where it was uploaded in parts, a content is synced and
/// verified by the worker that fetched it, so that workers share the hashing; smaller ones are
/// synced many at a time.
inline constexpr std::uint64_t kLargeBytes = std::uint64_t{1} << 20;

/// Fetches one content after the other into staging. One per worker.
class Fetcher {
 public:
  struct Shared {
    store::ReadableDisk& disk;
    store::Staging& staging;
    RateLimit& rate_limit;
    const Halt halt;
    std::atomic<std::uint64_t>& received_bytes;  ///< for the progress bar
    store::UnreadableFiles& unreadable;
    Clock& clock;
    std::size_t lanes = 1;
    RangeShares* shares = nullptr;  ///< set where several lanes may fetch a large content at once
  };
  Fetcher(Shared shared, Retrier& retrier);

  /// Resumes what an earlier try or run left in staging (Range with If-Match), restarts when the
  /// server cannot, finds out what an object that changed since the listing is now, and verifies
  /// what is large.
  Done fetch(Job job, s3::Client& client, s3::Session& session);

  /// Reads KEY.suffix, at most 64 KiB of it. One that is longer, gone or closed to us says nothing.
  SidecarRead read_sidecar(SidecarJob job, s3::Client& client, s3::Session& session);

 private:
  class Transfer;

  Shared shared_;
  Retrier& retrier_;
};

}  // namespace agent
