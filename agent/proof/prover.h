#pragma once

#include <functional>

#include "agent/proof/asked_part_sizes.h"
#include "agent/proof/verifier.h"
#include "s3client/client.h"
#include "store/disk/disk.h"

namespace agent {

/// Reads a synced file and holds it against what `head` promises. Where that is not kept it is read
/// once more, against every promise and every likely part size, and as it was cut in truth, before
/// anything is said against the content. `found`: what came to be known of its parts. Errors: as of
/// verify_content().
store::Result<Verification> prove_content(store::File& file, const s3::ObjectHead& head,
                                          const SourceTrust& trust, AskedPartSizes& finder,
                                          FoundParts& found,
                                          const std::function<bool()>& keep_going);

}  // namespace agent
