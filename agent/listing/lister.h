#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/halt.h"
#include "agent/base/retry.h"
#include "s3client/client.h"

namespace agent {

struct ListRequest {
  std::string prefix;
  /// Every version and delete marker. Those of one key stay together, the newest first as the
  /// server says, and may go on from page to page; at most one of them is the latest.
  bool versions = false;
  /// The pages come in byte order of the keys, as the protocol promises for general purpose
  /// buckets. false: in any, and an entry may come twice.
  bool in_order = true;
  /// Asked where the listing says that it is complete: true: it is asked on after its last key.
  std::function<bool(const std::string& last_key)> asks_on = {};
};

/// How a listing came to its end.
struct ListEnd {
  bool out_of_order = false;  ///< `in_order`, and it is not: it ended there and then
  bool asked_on = false;
  /// LastModified of the oldest entry behind the end that the server had claimed.
  std::optional<s3::ServerDate> oldest_behind_end;
  std::uint64_t odd_entries = 0;  ///< that could not be understood, and were left out
  std::string first_odd;
};

using VisitPage = std::function<bool(const s3::ListPage&)>;

/// Hands every page of a bucket's listing to `visit`, one page in memory at a time; it says false
/// to end it (kAborted). Success only when the listing ended cleanly: nothing may be concluded from
/// any other. Broken by the server, final: kServer for a listing that goes round in circles, names
/// a key or version twice, or contradicts itself about its end to the last. Where the server has no
/// listing of versions: s3::has_no_version_listing(), without a second try. A page whose first
/// byte does not come for minutes is not asked for again: the server may still be at work on it.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
s3::Result<ListEnd> list_bucket(s3::Client& client, s3::Session& session, Retrier& retrier,
                                const Halt& halt, const ListRequest& request,
                                const VisitPage& visit);

}  // namespace agent
