#pragma once

#include <cstddef>
#include <optional>

#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// Decides from matches and mismatches whether the ETags of a source are MD5s, and remembers it in
/// the ledger. Belongs to the thread that owns the ledger. Every error is the ledger's.
class EtagEvidence {
 public:
  explicit EtagEvidence(RunContext& context) : context_(context) {}

  /// Reads what the ledger remembers into `source.trust`.
  static store::Status recall(RunContext& context, SourceRun& source);

  /// Notes that an ETag of this form (kEtagMd5 or kEtagMultipart) matched a content; nullopt does
  /// nothing. From then on such ETags are promises in this source, whatever was found before, and
  /// in all others at its endpoint but those where they were found to be opaque.
  store::Status match(std::size_t source, std::optional<ProofLevel> form);

  /// Notes that a content came twice alike, and never with its ETag. Returns true when that makes
  /// the ETags of this form opaque in its source: it takes three different keys and contents, of
  /// more than one stream, and none that matched. A layout that is not understood is no evidence,
  /// as all objects of a stream share it.
  store::Result<bool> doubt(const Fetched& fetched, ProofLevel form);

 private:
  store::Status declare_opaque(SourceRun& source, ProofLevel form);

  RunContext& context_;
};

}  // namespace agent
