#pragma once

#include <functional>
#include <string>

#include "agent/halt.h"
#include "agent/retry.h"
#include "s3client/client.h"

namespace agent {

/// Hands every page of a bucket's listing to `take`, in order, one page in memory at a time; `take`
/// says false to end it (kAborted). Success only when the listing ended cleanly: nothing may be
/// concluded from any other. Broken by the server, final: kServer for a listing that goes round in
/// circles or is not in byte order (which the protocol promises for general purpose buckets).
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
s3::Result<void> list_all(s3::Client& client, s3::Session& session, Retrier& retrier,
                          const Halt& halt, const std::string& prefix,
                          const std::function<bool(const s3::ListPage&)>& take);

/// The same with every version and delete marker. Those of one key stay together, the newest first
/// as the server says, and may go on from page to page; at most one of them is the latest. Broken
/// also where a version comes again or a key has two that are the latest. Where the server has no
/// such listing: s3::has_no_version_listing(), without a second try.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
s3::Result<void> list_all_versions(s3::Client& client, s3::Session& session, Retrier& retrier,
                                   const Halt& halt, const std::string& prefix,
                                   const std::function<bool(const s3::ListPage&)>& take);

}  // namespace agent
