#pragma once

#include <optional>
#include <vector>

#include "agent/proof/job.h"
#include "agent/run/etag_evidence.h"

namespace agent {

/// Contents that came twice alike, and never with the MD5 that their ETag gives. They wait in
/// staging for more evidence: the ETags of their source may turn out to be opaque. Belongs to the
/// thread that owns the ledger.
class DoubtedContents {
 public:
  /// `evidence` outlives it.
  explicit DoubtedContents(EtagEvidence& evidence) : evidence_(evidence) {}

  struct Doubted {
    Fetched fetched;
    ProofLevel level = ProofLevel::kEtagMd5;
  };
  struct Outcome {
    std::vector<Fetched> right;    ///< the ETags are opaque: these are held, by their size
    std::optional<Fetched> wrong;  ///< too many wait already: it breaks its promise
  };
  /// What becomes of one more, and of those that wait; neither: it waits. An error is the ledger's.
  store::Result<Outcome> add(Fetched fetched, ProofLevel level);

  /// At the end: those that still wait. Without evidence against the ETags it is the bytes that are
  /// wrong.
  std::vector<Doubted> give_up();

 private:
  EtagEvidence& evidence_;
  std::vector<Doubted> waiting_;
};

}  // namespace agent
