#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/support/object_store.h"
#include "tests/support/signature_check.h"

namespace fake_s3 {

/// In which ways a listing is wrong, on request.
struct ListingLies {
  bool empty = false;             ///< nothing, and complete
  bool empty_page = false;        ///< nothing, and truncated, with a token that goes on
  bool reversed = false;          ///< keys within the page
  bool no_encoding_type = false;  ///< names raw, although url encoding was asked for
  bool no_token = false;          ///< truncated, and no token
  bool same_page = false;         ///< always the first page, truncated, with the same token
};

struct ListingContext {
  std::string bucket_name;
  std::size_t page_keys = 1000;  ///< at most; fewer than max-keys is legal
  ListingLies lies;
};

/// ListObjectsV2. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
tl::expected<std::string, Refusal> list_objects(const Bucket& bucket,
                                                const std::vector<Header>& query,
                                                const ListingContext& context);

/// ListObjectVersions; the markers are the last entry returned, as AWS answers (not as it says).
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
tl::expected<std::string, Refusal> list_versions(const Bucket& bucket,
                                                 const std::vector<Header>& query,
                                                 const ListingContext& context);

/// The value of a query parameter; empty when there is none.
std::string parameter(const std::vector<Header>& query, std::string_view name);
bool has_parameter(const std::vector<Header>& query, std::string_view name);

}  // namespace fake_s3
