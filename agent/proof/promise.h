#pragma once

#include <cstdint>
#include <vector>

#include "store/content/digest.h"
#include "store/content/proof_level.h"

namespace agent {

using store::ProofLevel;

/// How a multipart object was cut. S3 tells it to a HEAD with a part number; other servers do not.
struct PartSizes {
  std::vector<std::uint64_t> sizes_bytes;  ///< as DigestRequest::part_sizes_bytes; empty: unknown
  bool certain = true;  ///< false: all parts are thought to be as the one that was asked for
};

/// One thing that the upstream says about the bytes.
struct Promise {
  ProofLevel level = ProofLevel::kSize;
  store::DigestRequest digest;
  store::RawDigest expected;
  /// Bytes that do not keep it are wrong. Otherwise it proves the bytes right when it agrees, and
  /// nothing when it does not: the part size is a guess, or the ETag may be no MD5.
  bool firm = true;
};

}  // namespace agent
