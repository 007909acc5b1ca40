#pragma once

#include <cstdint>
#include <optional>

#include "s3client/client.h"
#include "store/ledger/records.h"

namespace agent {

/// Whether what lies there of a content may be gone on with: something tells that the rest is of
/// the same one. `head`: of the answer that gave the first bytes.
/// It is nullopt where an earlier run got them: then only what was listed tells.
bool can_resume(const store::Identity& wanted, const std::optional<s3::ObjectHead>& head);

/// Whether a content of which the beginning is here has to come from its first byte on, after a
/// request for the rest has failed: the server does not give ranges as it should, or (`unknown`)
/// nothing tells that it would be the rest of the same one.
bool must_begin_anew(const s3::Error& error, bool unknown);

/// Makes a request one for the rest, behind `offset_bytes`, that fails where the object is another
/// one by now: Range, and If-Match by what was listed or answered first, or else
/// If-Unmodified-Since. Of nothing that has come there is no rest: all is asked for.
void ask_for_rest(s3::GetRequest& rest, std::uint64_t offset_bytes, const store::Identity& wanted,
                  const std::optional<s3::ObjectHead>& head);

}  // namespace agent
