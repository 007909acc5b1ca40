#pragma once

#include <optional>

#include "agent/proof/job.h"

namespace agent {

/// What becomes of a content that was read back from the disk.
struct Decision {
  enum class What {
    kAccept,      ///< it is right: `level` says how we know
    kAskSidecar,  ///< nothing firm speaks: a file beside it may
    kFetchAgain,  ///< once more from the start, as `next_attempt`
    kDoubtEtag,   ///< fetched twice alike, and the ETag never was its MD5: evidence on the source
    kMismatch,    ///< it breaks its promise, named by `level`
  };
  What what = What::kMismatch;
  ProofLevel level = ProofLevel::kSize;
  int next_attempt = 1;
};

/// The answer of a sidecar; nullopt: not asked yet (or there is none to ask).
struct SidecarAnswer {
  ProofLevel level = ProofLevel::kSidecarSha256;  ///< or kSidecarMd5
  bool agrees = false;
};

/// Pure. `trust` is what is known of the source now, which may be more than when the job was
/// made. `sidecar_is_listed`: there is one, and it has not been asked.
Decision judge(const Fetched& fetched, const Verification& verification, const SourceTrust& trust,
               bool sidecar_is_listed, const std::optional<SidecarAnswer>& sidecar);

}  // namespace agent
