#pragma once

#include "s3client/client.h"
#include "store/ledger/ledger.h"

namespace agent {

store::Identity identity_of(const s3::ListedObject& object);

/// Whether what is listed is the content that is held. One ETag and size under one key are one
/// content, whatever the version. Where either side has no ETag, which only says that the server
/// knew none at the time, LastModified stands in for it.
bool same_content(const store::Identity& held, store::UpstreamTime held_modified,
                  const store::Identity& listed, store::UpstreamTime listed_modified);
bool same_content(const store::Identity& known, const store::Identity& listed);

/// Likewise of a noncurrent version: without ETags, only the same version is known to be the same.
bool same_version(const store::HeldKey& held, const s3::ListedObject& object);

}  // namespace agent
