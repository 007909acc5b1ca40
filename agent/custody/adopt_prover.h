#pragma once

#include <functional>
#include <string>

#include "agent/base/retry.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// What the bucket says of the bytes of a file that did not come from it.
struct AdoptProof {
  enum class What {
    kRight,    ///< `level` says how we know
    kDiffers,  ///< from the promise named by `level`
    kUntold,   ///< what it says cannot be compared with the file
    kMoved,    ///< it has another content by now than it listed
    kUnasked,  ///< it could not be asked: `detail`
    kStopped,
  };
  What what = What::kUnasked;
  ProofLevel level = ProofLevel::kSize;
  Verification verification{};
  std::string detail{};
};

/// What to say of a file that is neither right nor known to differ.
std::string why_not(const AdoptProof& proof);

/// Holds files against the bucket's promises without fetching anything: by the listed ETag where
/// that is an MD5 that fits; else after one HEAD, and those for part sizes. What a pull would fetch
/// again, or guess, is not right here: the bytes are not the bucket's own.
class AdoptProver {
 public:
  /// All of them outlive it.
  AdoptProver(RunContext& context, s3::Client& client, Retrier& retrier)
      : context_(context), client_(client), retrier_(retrier) {}

  /// Reads the synced file. An error is of the file.
  store::Result<AdoptProof> prove(store::File& file, const Job& job);

  /// Only takes its digest.
  store::Result<AdoptProof> read(store::File& file, std::uint64_t size_bytes);

 private:
  s3::Result<s3::ObjectHead> ask(Job& job);
  AdoptProof not_asked(const s3::Error& error, const Job& job);
  AdoptProof conclude(Verification verification, const Job& job, bool parts_told) const;

  RunContext& context_;
  s3::Client& client_;
  Retrier& retrier_;
};

}  // namespace agent
