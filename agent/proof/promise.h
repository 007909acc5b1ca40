#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/proof/etag_trust.h"
#include "s3client/client.h"
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

/// True when `head` makes a promise that cannot be checked without knowing the part sizes, and that
/// is worth a question.
bool needs_part_sizes(const s3::ObjectHead& head, const SourceTrust& trust);

/// The number N of an ETag "...-N"; 0 for any other.
std::uint32_t part_count_of_etag(std::string_view etag);

/// What is enough for nearly every content. Strongest first, and none behind the first firm one:
/// x-amz-checksum-* (digests before CRCs), the ETag, the uploader's MD5. Where the part sizes are
/// unknown, a few that uploaders use and that fit. As long as it is not known what ETags are worth
/// here, the ETag too, as a witness.
std::vector<Promise> promises_of(const s3::ObjectHead& head, const SourceTrust& trust,
                                 const PartSizes& parts);

/// All of them, for a content that did not keep the ones above, with every part size worth trying,
/// also beside those that were told.
std::vector<Promise> all_promises_of(const s3::ObjectHead& head, const SourceTrust& trust,
                                     const PartSizes& parts);

/// The part sizes that would cut `size_bytes` into exactly `count` parts: the ones that uploaders
/// are known for, parts of one size, powers of two, whole MiB and MB; at most `most`.
std::vector<std::uint64_t> likely_part_sizes(std::uint64_t size_bytes, std::uint32_t count,
                                             std::size_t most);

}  // namespace agent
