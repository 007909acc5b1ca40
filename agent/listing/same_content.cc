#include "agent/listing/same_content.h"

#include "agent/base/upstream_date.h"
#include "s3client/etag.h"

namespace agent {

store::Identity identity_of(const s3::ListedObject& object) {
  store::Identity identity{object.etag, object.size_bytes, object.version_id};
  if (object.etag.empty()) identity.modified = upstream_time(object.last_modified);
  return identity;
}

bool same_content(const store::Identity& held, store::UpstreamTime held_modified,
                  const store::Identity& listed, store::UpstreamTime listed_modified) {
  if (held.size_bytes != listed.size_bytes) return false;
  if (held.etag.empty() || listed.etag.empty()) return held_modified == listed_modified;
  // A ledger of before may hold it in another form.
  return held.etag == listed.etag || s3::normal_etag(held.etag) == listed.etag;
}

bool same_content(const store::Identity& known, const store::Identity& listed) {
  return same_content(known, known.modified, listed, listed.modified);
}

bool same_version(const store::HeldKey& held, const s3::ListedObject& object) {
  const auto listed = identity_of(object);
  return same_content(held.upstream, held.last_modified, listed,
                      upstream_time(object.last_modified)) &&
         (!held.upstream.etag.empty() || held.upstream.version_id == listed.version_id);
}

}  // namespace agent
