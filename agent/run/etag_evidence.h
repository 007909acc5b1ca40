#pragma once

#include <cstddef>
#include <optional>

#include "agent/proof/job.h"
#include "agent/run/run_context.h"

namespace agent {

/// What matches and mismatches say about the ETags of a source, remembered in the ledger. Belongs
/// to the thread that owns the ledger.
class EtagEvidence {
 public:
  explicit EtagEvidence(RunContext& context) : context_(context) {}

  /// From the ledger into the source's trust.
  static store::Status recall(RunContext& context, SourceRun& source);

  /// An ETag of that form (kEtagMd5, kEtagMultipart; none: nothing) matched: it is a promise at
  /// the whole endpoint, but for other sources where it was found to be none; and what was said of
  /// this source before does not hold.
  store::Status match(std::size_t source, std::optional<ProofLevel> form);

  /// The content came twice alike, and never with its ETag. True when that makes the ETags of this
  /// form opaque in its source: with three different keys and contents, of more than one series,
  /// and none that matched. So a layout that is not understood, which all objects of a series
  /// share, is no evidence.
  store::Result<bool> doubt(const Fetched& fetched, ProofLevel form);

 private:
  store::Status declare_opaque(SourceRun& source, ProofLevel form);

  RunContext& context_;
};

}  // namespace agent
