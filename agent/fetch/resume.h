#pragma once

#include <optional>

#include "s3client/client.h"
#include "store/ledger/records.h"

namespace agent {

/// Whether what lies there of a content may be gone on with: something tells that the rest is of
/// the same one. `head`: of the answer that gave the first bytes.
bool can_resume(const store::Identity& wanted, const std::optional<s3::ObjectHead>& head);

/// Makes a request for the rest fail where the object is another one by now: If-Match by what was
/// listed or answered first, or else If-Unmodified-Since.
void pin(s3::GetRequest& rest, const store::Identity& wanted,
         const std::optional<s3::ObjectHead>& head);

}  // namespace agent
