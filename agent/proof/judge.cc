#include "agent/proof/judge.h"

namespace agent {
namespace {

using What = Decision::What;
using Outcome = Verification::Outcome;

constexpr int kMaxAttempts = 2;

Decision fetch_again_or_mismatch(const Fetched& fetched, ProofLevel level) {
  // Bytes from an earlier run may have been lost in a power cut; that is not the upstream's fault.
  if (fetched.resumed) return {What::kFetchAgain, level, fetched.job.attempt};
  if (fetched.job.attempt < kMaxAttempts) {
    return {What::kFetchAgain, level, fetched.job.attempt + 1};
  }
  return {What::kMismatch, level, 0};
}

bool same_as_before(const Fetched& fetched, const Verification& verification) {
  return fetched.job.earlier_sha256 == verification.sha256;
}

// Part sizes that nobody told were guessed, and no guess fits. That proves nothing, unless guesses
// do fit here: then the bytes are suspect until they came twice alike.
Decision judge_guess(const Fetched& fetched, const Verification& verification,
                     const SourceTrust& trust) {
  if (trust.multipart != EtagTrust::kProven || same_as_before(fetched, verification)) {
    return {What::kAccept, ProofLevel::kSize, 0};
  }
  return fetch_again_or_mismatch(fetched, verification.level);
}

Decision judge_doubt(const Fetched& fetched, const Verification& verification,
                     const SourceTrust& trust) {
  if (!fetched.parts_told) return judge_guess(fetched, verification, trust);
  const auto known = verification.level == ProofLevel::kEtagMd5 ? trust.single : trust.multipart;
  if (known == EtagTrust::kOpaque) return {What::kAccept, ProofLevel::kSize, 0};
  // An ETag speaks for those of its source only where the uploader had no say in what it is of.
  if (known == EtagTrust::kUnknown && fetched.is_witness && !fetched.resumed &&
      fetched.job.earlier_sha256 && same_as_before(fetched, verification)) {
    return {What::kDoubtEtag, verification.level, 0};
  }
  return fetch_again_or_mismatch(fetched, verification.level);
}

}  // namespace

Decision judge(const Fetched& fetched, const Verification& verification, const SourceTrust& trust,
               bool sidecar_is_listed, const std::optional<SidecarAnswer>& sidecar) {
  if (verification.outcome == Outcome::kProven) return {What::kAccept, verification.level, 0};
  if (verification.outcome == Outcome::kBroken) {
    return fetch_again_or_mismatch(fetched, verification.level);
  }
  if (sidecar && sidecar->agrees) return {What::kAccept, sidecar->level, 0};
  if (sidecar) return fetch_again_or_mismatch(fetched, sidecar->level);
  if (sidecar_is_listed) return {What::kAskSidecar, ProofLevel::kSize, 0};
  if (verification.outcome == Outcome::kSizeOnly) return {What::kAccept, ProofLevel::kSize, 0};
  return judge_doubt(fetched, verification, trust);
}

}  // namespace agent
