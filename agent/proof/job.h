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
#include "agent/proof/verifier.h"
#include "s3client/client.h"
#include "store/ledger/ledger.h"

namespace agent {

/// The trusted content of a key whose upstream content is another one now.
struct HeldCopy {
  std::string path;
  std::uint64_t size_bytes = 0;
  store::Sha256 sha256{};
};

/// One content to fetch; made by the feeder, done by a worker.
struct Job {
  std::size_t source = 0;  ///< index into the run's sources
  std::string source_name;
  store::Pending wanted;
  std::string archive_path;         ///< its first place on the disk: see store::variants_of()
  std::optional<HeldCopy> held;     ///< set for store::Role::kChanged
  bool held_is_unreadable = false;  ///< as comparing with it has shown
  SourceTrust trust;
  std::shared_ptr<PartHints> part_hints = std::make_shared<PartHints>();  ///< of its endpoint
  /// As what it was listed, where its own answer tells another ETag, or size, with the same date.
  std::optional<store::Identity> listed_as;
  int attempt = 1;
  int moves = 0;               ///< how often the bucket had another content than was thought
  int throttled = 0;           ///< how often it was put back because there were too many
  unsigned gave_way = 0;       ///< how often it has given its lane to another source
  bool other_reading = false;  ///< the upstream knows the key by its other reading
  bool impatient = false;      ///< no waiting for the network: others waited in vain
  Reserved reserved{};         ///< of the disk, while it is under way
  /// Set by the feeder's thread to have the worker give the lane back; what came is resumed later.
  std::shared_ptr<std::atomic<bool>> give_way = std::make_shared<std::atomic<bool>>(false);
  /// What the earlier attempt found on the disk when it did not keep its promise.
  std::optional<store::Sha256> earlier_sha256;
};

/// As what the next listing will name it, if nothing happens to it meanwhile.
inline const store::Identity& listed_identity(const Job& job) {
  return job.listed_as ? *job.listed_as : job.wanted.upstream;
}

/// The bucket has another content under the key than was listed, which `job` wants now. Whether
/// there is room for that one is for the feeder to say.
struct FetchMoved {
  Job job;
};

/// A content that lies complete on the disk.
struct Fetched {
  Job job;
  std::string path;             ///< in staging; or under archives/, when `adopted`
  bool adopted = false;         ///< a crash came between its placing and its recording
  bool read_otherwise = false;  ///< not the reading of the key that was thought right had it
  bool sidecar_asked = false;
  bool resumed = false;    ///< some of its bytes are from an earlier run
  bool parts_told = true;  ///< the part sizes are the upstream's word, or are not needed
  std::string expiration;  ///< x-amz-expiration, as sent
  bool is_witness = true;  ///< what comes is what was stored, so that it is evidence on its ETag
  // Of a small one.
  std::vector<Promise> promises;
  std::vector<Promise> further_promises;
  /// Set for a large one, which its worker has synced and read back. A small one is neither yet.
  std::optional<Verification> verification;
};

/// The key to ask the bucket for.
std::string requested_key(const Job& job);

/// The upstream's promise proves that the changed content is the one that is held, byte for byte.
struct FoundSame {
  Job job;
  std::string expiration;
};

/// The request was final, or its tries are used up.
struct FetchRefused {
  Job job;
  s3::Error error;
};

/// What was written for it cannot be read back; nothing is left of it.
struct FetchUnreadable {
  Job job;
  store::Error error;
};

/// The disk failed: the run ends.
struct FetchDiskError {
  Job job;
  store::Error error;
};

/// A sidecar was asked for on behalf of a fetched content.
struct SidecarJob {
  Fetched content;
  std::string suffix;  ///< ".sha256" or ".md5"
};
struct SidecarRead {
  SidecarJob job;
  /// What it says; empty: nothing. An error: it may say something another time.
  s3::Result<std::string> hex;
};

using Work = std::variant<Job, SidecarJob>;
using Done = std::variant<Fetched, FoundSame, FetchMoved, FetchRefused, FetchUnreadable,
                          FetchDiskError, SidecarRead>;

}  // namespace agent
