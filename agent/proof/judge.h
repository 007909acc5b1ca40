#pragma once

#include <optional>

#include "agent/proof/job.h"

namespace agent {

/// What becomes of a content that was read back from the disk.
struct Decision {
  enum class What {
    kAccept,      ///< it is right, and `level` says how we know
    kAskSidecar,  ///< no firm promise decides; its sidecar may
    kFetchAgain,  ///< it is fetched once more from the start, as `next_attempt`
    kDoubtEtag,   ///< it came twice alike, and never with its ETag: evidence on the source's ETags
    kMismatch,    ///< it breaks its promise, which `level` names
  };
  What what = What::kMismatch;
  ProofLevel level = ProofLevel::kSize;
  int next_attempt = 1;
};

/// What the sidecar of a content has said.
struct SidecarAnswer {
  ProofLevel level = ProofLevel::kSidecarSha256;  ///< or kSidecarMd5
  bool agrees = false;
};

/// Decides what becomes of a content that was read back. It is a pure function. `trust` is what is
/// known of the source's ETags now, which may be more than when the job was made.
/// `sidecar_is_listed` says that there is a sidecar that was not asked yet. `sidecar` is nullopt
/// before it was asked.
Decision judge(const Fetched& fetched, const Verification& verification, const SourceTrust& trust,
               bool sidecar_is_listed, const std::optional<SidecarAnswer>& sidecar);

}  // namespace agent
