#pragma once

#include <functional>
#include <string>

#include "agent/base/retry.h"
#include "agent/proof/job.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// What the bucket says of a file whose bytes did not come from it.
struct AdoptProof {
  enum class What {
    kRight,    ///< `level` says how we know
    kDiffers,  ///< the file breaks the promise named by `level`
    kUntold,   ///< the bucket promises nothing that the file could be compared with
    kMoved,    ///< the bucket has another content by now than it listed
    kUnasked,  ///< the bucket could not be asked; `detail` says why
    kStopped,  ///< the run is to end
  };
  What what = What::kUnasked;
  ProofLevel level = ProofLevel::kSize;
  Verification verification{};
  std::string detail{};
};

/// Says for a person why a file is neither right nor known to differ.
std::string why_not(const AdoptProof& proof);

/// Compares files with the bucket's promises, and fetches nothing. The listed ETag is enough where
/// it is an MD5 that agrees; else the bucket is asked with one HEAD, and with more for the part
/// sizes. Where a pull would fetch again or guess, a file is not right, because its bytes did not
/// come from the bucket.
class AdoptProver {
 public:
  /// All arguments outlive the prover.
  AdoptProver(RunContext& context, s3::Client& client, Retrier& retrier)
      : context_(context), client_(client), retrier_(retrier) {}

  /// Reads the file, which was synced. An error is the file's.
  store::Result<AdoptProof> prove(store::File& file, const Job& job);

  /// Only takes the digest of the file; the bucket is not asked.
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
