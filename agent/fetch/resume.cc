#include "agent/fetch/resume.h"

namespace agent {

bool can_resume(const store::Identity& wanted, const std::optional<s3::ObjectHead>& head) {
  return !wanted.etag.empty() || !wanted.version_id.empty() ||
         (head && (!head->etag.empty() || head->last_modified));
}

bool must_begin_anew(const s3::Error& error, bool unknown) {
  return unknown || error.kind == s3::ErrorKind::kProtocol ||
         error.kind == s3::ErrorKind::kRangeInvalid;
}

void ask_for_rest(s3::GetRequest& rest, std::uint64_t offset_bytes, const store::Identity& wanted,
                  const std::optional<s3::ObjectHead>& head) {
  rest.offset_bytes = offset_bytes;
  if (offset_bytes == 0) return;
  rest.if_match = wanted.etag;
  if (rest.if_match.empty() && head) rest.if_match = head->etag;
  if (rest.if_match.empty() && head) rest.if_unmodified_since = head->last_modified;
}

}  // namespace agent
