#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/min_free.h"
#include "agent/proof/part_hints.h"
#include "agent/proof/promise.h"
#include "agent/proof/source_trust.h"
#include "agent/proof/verifier.h"
#include "s3client/client.h"
#include "store/ledger/ledger.h"

namespace agent {

/// The trusted content of a key that has another content in the bucket now.
struct HeldCopy {
  std::string path;
  std::uint64_t size_bytes = 0;
  store::Sha256 sha256{};
};

/// One content to fetch. The feeder makes it, and a worker does it.
struct Job {
  std::size_t source = 0;  ///< index into the run's sources
  std::string source_name;
  store::Pending wanted;
  std::string archive_path;         ///< the first of its places on the disk; see variants_of()
  std::optional<HeldCopy> held;     ///< set for store::Role::kChanged
  bool held_is_unreadable = false;  ///< comparing with `held` has shown that it cannot be read
  SourceTrust trust;
  std::shared_ptr<PartHints> part_hints = std::make_shared<PartHints>();  ///< of its endpoint
  /// The identity that the listing gave it, where the object itself tells another ETag or size with
  /// the same date; then `wanted` has what the object tells.
  std::optional<store::Identity> listed_as;
  int attempt = 1;
  int moves = 0;               ///< how often the bucket had another content than was expected
  int throttled = 0;           ///< how often the server said that there are too many requests
  unsigned gave_way = 0;       ///< how often it has given its lane to another source
  bool other_reading = false;  ///< the bucket knows the key by its other reading; see key_reading.h
  bool impatient = false;      ///< it does not wait for the network, as other jobs waited in vain
  Reserved reserved{};         ///< what it may take of the disk while it is under way
  /// The feeder's thread sets it to make the worker give the lane back. What has come is resumed
  /// later.
  std::shared_ptr<std::atomic<bool>> give_way = std::make_shared<std::atomic<bool>>(false);
  /// The digest that an earlier attempt found on the disk, when the content broke its promise.
  std::optional<store::Sha256> earlier_sha256;
};

/// The identity under which the next listing will name the content, if it does not change
/// meanwhile.
inline const store::Identity& listed_identity(const Job& job) {
  return job.listed_as ? *job.listed_as : job.wanted.upstream;
}

/// The bucket has another content under the key than was listed. `job` wants that one now; the
/// feeder says whether there is room for it.
struct FetchMoved {
  Job job;
};

/// A content that lies complete on the disk.
struct Fetched {
  Job job;
  std::string path;             ///< in staging; or under archives/, when `adopted`
  bool adopted = false;         ///< it was placed already, and a crash came before it was recorded
  bool read_otherwise = false;  ///< it was found under the other reading of the key than expected
  bool sidecar_asked = false;
  bool resumed = false;    ///< some of its bytes came in an earlier run
  bool parts_told = true;  ///< the bucket has told the part sizes, or they are not needed
  std::string expiration;  ///< the header x-amz-expiration, as sent
  bool is_witness = true;  ///< what comes is what was stored, so that it is evidence on its ETag
  /// Only of a small content, which is verified later.
  std::vector<Promise> promises;
  std::vector<Promise> further_promises;
  /// Set for a large content, which its worker has synced and read back. A small one is neither
  /// yet.
  std::optional<Verification> verification;
};

/// The key to ask the bucket for.
std::string requested_key(const Job& job);

/// The bucket's promise has proven that the changed content is the one that we hold, byte for byte.
struct FoundSame {
  Job job;
  std::string expiration;
};

/// The content could not be fetched: the refusal is final, or all tries are used up.
struct FetchRefused {
  Job job;
  s3::Error error;
};

/// What was written for the content cannot be read back. Nothing is left of it.
struct FetchUnreadable {
  Job job;
  store::Error error;
};

/// The disk failed, which ends the run.
struct FetchDiskError {
  Job job;
  store::Error error;
};

/// The sidecar of a fetched content is to be read.
struct SidecarJob {
  Fetched content;
  std::string suffix;  ///< ".sha256" or ".md5"
};
struct SidecarRead {
  SidecarJob job;
  /// The digest that it gives, in lower case; empty where it says nothing. After an error it may
  /// say something another time.
  s3::Result<std::string> hex;
};

using Work = std::variant<Job, SidecarJob>;
using Done = std::variant<Fetched, FoundSame, FetchMoved, FetchRefused, FetchUnreadable,
                          FetchDiskError, SidecarRead>;

}  // namespace agent
