#include "agent/proof/prover.h"

#include "agent/proof/strongest_promises.h"

namespace agent {

store::Result<Verification> prove_content(store::File& file, const s3::ObjectHead& head,
                                          const SourceTrust& trust, AskedPartSizes& finder,
                                          FoundParts& found,
                                          const std::function<bool()>& keep_going) {
  found = finder.find(head);
  const auto first = promises_of(head, trust, found.parts);
  auto verified = verify_content(file, head.size_bytes, first, {}, keep_going);
  if (!verified || is_settled(*verified)) return verified;
  const auto& sizes = found.parts.sizes_bytes;
  const bool assumed = !sizes.empty() && !found.parts.certain;
  if (assumed) found = finder.every(head, sizes.front());
  const auto all = all_promises_of(head, trust, found.parts);
  if (!assumed && all.size() <= first.size()) return verified;
  return verify_content(file, head.size_bytes, all, {}, keep_going);
}

}  // namespace agent
