#pragma once

#include <vector>

#include "agent/proof/promise.h"
#include "agent/proof/source_trust.h"
#include "s3client/client.h"

namespace agent {

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

/// True when `head` makes a promise that cannot be checked without knowing the part sizes, and that
/// is worth a question.
bool needs_part_sizes(const s3::ObjectHead& head, const SourceTrust& trust);

}  // namespace agent
