#include "agent/verifier.h"

#include <algorithm>

namespace agent {
namespace {

using Outcome = Verification::Outcome;

bool is_whole_md5(const store::DigestRequest& request) {
  return request.algorithm == store::Algorithm::kMd5 && request.part_sizes_bytes.empty();
}

bool any_firm(const std::vector<Promise>& promises) {
  return std::any_of(promises.begin(), promises.end(), [](const Promise& p) { return p.firm; });
}

void compare(Verification& result, const std::vector<Promise>& promises,
             const std::vector<store::RawDigest>& digests) {
  result.outcome = promises.empty() ? Outcome::kSizeOnly : Outcome::kDoubtful;
  result.level = promises.empty() ? "size" : promises.front().level;
  for (std::size_t i = 0; i < promises.size(); ++i) {
    if (digests[i] == promises[i].expected) {
      result.outcome = Outcome::kProven;
      result.level = promises[i].level;
      return;
    }
    if (promises[i].firm) {
      result.outcome = Outcome::kBroken;
      result.level = promises[i].level;
      return;
    }
  }
}

}  // namespace

store::Result<Verification> verify_content(store::File& file, std::uint64_t size_bytes,
                                           const std::vector<Promise>& promises,
                                           const std::function<bool()>& keep_going) {
  std::vector<store::DigestRequest> requests;
  for (const auto& promise : promises) requests.push_back(promise.digest);
  const auto sha256_at = requests.size();
  requests.push_back({store::Algorithm::kSha256, {}});
  // A sidecar may decide where nothing firm does, and it may be an MD5.
  if (!any_firm(promises) && std::none_of(requests.begin(), requests.end(), is_whole_md5)) {
    requests.push_back({store::Algorithm::kMd5, {}});
  }

  const auto taken = store::digest_file(file, requests, keep_going);
  if (!taken) return taken.error();
  Verification result;
  std::copy_n(taken->digests[sha256_at].begin(), result.sha256.size(), result.sha256.begin());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (is_whole_md5(requests[i])) result.md5 = store::to_hex(taken->digests[i]);
  }
  if (taken->size_bytes != size_bytes) {
    result.outcome = Outcome::kBroken;
    result.level = "size";
    return result;
  }
  compare(result, promises, taken->digests);
  return result;
}

}  // namespace agent
