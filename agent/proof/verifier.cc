#include "agent/proof/verifier.h"

#include <algorithm>
#include <set>

#include "agent/proof/promise_conflict.h"

namespace agent {
namespace {

using Outcome = Verification::Outcome;

bool is_whole_md5(const store::DigestRequest& request) {
  return request.algorithm == store::Algorithm::kMd5 && request.part_sizes_bytes.empty();
}

bool is_etag(ProofLevel level) {
  return level == ProofLevel::kEtagMd5 || level == ProofLevel::kEtagMultipart;
}

bool any_firm(const std::vector<Promise>& promises) {
  return std::any_of(promises.begin(), promises.end(), [](const Promise& p) { return p.firm; });
}

// What the promises say together. A firm one that is not kept breaks the content, unless one that
// is kept weighs more: no accident makes bytes that fit an MD5, and a server may hand on the CRC of
// something else (moto, with the copy of a composite object). Of several guesses at one promise it
// is enough that one fits.
void compare(Verification& result, const std::vector<Promise>& promises,
             const std::vector<store::RawDigest>& digests) {
  const Promise* first_kept = nullptr;
  const Promise* kept = nullptr;    // the heaviest
  const Promise* broken = nullptr;  // the heaviest
  const auto is_heavier = [](const Promise& promise, const Promise* than) {
    return than == nullptr || weight_of(promise.level) > weight_of(than->level);
  };
  std::set<ProofLevel> kept_levels;
  for (std::size_t i = 0; i < promises.size(); ++i) {
    const auto& promise = promises[i];
    if (digests[i] != promise.expected) continue;
    kept_levels.insert(promise.level);
    if (first_kept == nullptr) first_kept = &promise;
    if (is_heavier(promise, kept)) kept = &promise;
    if (is_etag(promise.level)) result.etag_level = promise.level;
  }
  for (const auto& promise : promises) {
    if (!promise.firm || kept_levels.contains(promise.level)) continue;
    if (is_heavier(promise, broken)) broken = &promise;
  }
  if (kept != nullptr && (broken == nullptr || is_heavier(*kept, broken))) {
    result.outcome = Outcome::kProven;
    result.level = broken == nullptr ? first_kept->level : kept->level;
    if (broken != nullptr) result.overruled = broken->level;
    return;
  }
  result.etag_level.reset();
  if (broken != nullptr) {
    result.outcome = Outcome::kBroken;
    result.level = broken->level;
  } else {
    result.outcome = promises.empty() ? Outcome::kSizeOnly : Outcome::kDoubtful;
    result.level = promises.empty() ? ProofLevel::kSize : promises.front().level;
  }
}

store::Result<Verification> verify_once(store::File& file, std::uint64_t size_bytes,
                                        const std::vector<Promise>& promises,
                                        const std::function<bool()>& keep_going) {
  std::vector<store::DigestRequest> requests;
  requests.reserve(promises.size() + 2);
  for (const auto& promise : promises) requests.push_back(promise.digest);
  const auto sha256_at = requests.size();
  requests.push_back({store::Algorithm::kSha256, {}});
  // A sidecar may decide where nothing firm does, and it may be an MD5.
  if (!any_firm(promises) && std::none_of(requests.begin(), requests.end(), is_whole_md5)) {
    requests.push_back({store::Algorithm::kMd5, {}});
  }

  store::FileEnds ends{ContentEnds::kHeadBytes, ContentEnds::kTailBytes, {}, {}};
  const auto taken = store::digest_file(file, requests, keep_going, &ends);
  if (!taken) return taken.error();
  Verification result;
  result.look = look_at({ends.head, ends.tail, taken->size_bytes});
  std::copy_n(taken->digests[sha256_at].begin(), result.sha256.size(), result.sha256.begin());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (is_whole_md5(requests[i])) result.md5 = store::to_hex(taken->digests[i]);
  }
  if (taken->size_bytes != size_bytes) {
    result.outcome = Outcome::kBroken;
    result.level = ProofLevel::kSize;
    return result;
  }
  compare(result, promises, taken->digests);
  return result;
}

}  // namespace

bool is_settled(const Verification& verification) {
  return verification.outcome == Outcome::kProven || verification.outcome == Outcome::kSizeOnly ||
         verification.level == ProofLevel::kSize;
}

store::Result<Verification> verify_content(store::File& file, std::uint64_t size_bytes,
                                           const std::vector<Promise>& promises,
                                           const std::vector<Promise>& further,
                                           const std::function<bool()>& keep_going) {
  auto verified = verify_once(file, size_bytes, promises, keep_going);
  if (!verified || is_settled(*verified) || further.size() <= promises.size()) return verified;
  return verify_once(file, size_bytes, further, keep_going);
}

}  // namespace agent
