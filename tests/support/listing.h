#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/support/object_store.h"
#include "tests/support/signature_check.h"

namespace fake_s3 {

/// In which ways a listing is wrong, on request.
struct ListingLies {
  bool empty = false;                 ///< nothing, and complete
  bool empty_page = false;            ///< nothing, and truncated, with a token that goes on
  bool reversed = false;              ///< keys within the page
  bool no_encoding_type = false;      ///< names raw, although url encoding was asked for
  bool says_encoded = false;          ///< names raw, and EncodingType all the same
  bool encodes_unsaid = false;        ///< names encoded, and no EncodingType
  bool no_token = false;              ///< truncated, and no token
  bool same_page = false;             ///< always the first page, truncated, with the same token
  std::size_t cut_after = 0;          ///< > 0: complete after so many entries from its start
  std::uint64_t circle_of_pages = 0;  ///< > 0: after so many the first comes again, and each token
                                      ///< is another one, for ever
  bool by_utf16 = false;              ///< in the order of UTF-16, as Java sorts
  bool by_locale = false;             ///< by the letters of keys, and case where these are the same
  bool tells_restores = false;        ///< no lie: x-amz-optional-object-attributes asks for it
  bool markers_apart = false;         ///< of versions: all delete markers of a page first
  bool null_marker = false;           ///< NextVersionIdMarker is "null" always, and finds nothing
  std::string versions_root = "ListVersionsResult";
  std::string etag_form = "&quot;{}&quot;";  ///< for fmt
  bool no_etag = false;
  std::string as_nothing;  ///< keys that begin so are listed as Swift lists dynamic large objects:
                           ///< with the size and the ETag of nothing; empty: none
  std::string left_out;    ///< a key that is never listed
  std::string odd_entry;   ///< XML, before the first entry of every page

  /// The lies of one request on top of the server's dialect.
  void merge(const ListingLies& told) {
    empty = empty || told.empty;
    empty_page = empty_page || told.empty_page;
    reversed = reversed || told.reversed;
    no_encoding_type = no_encoding_type || told.no_encoding_type;
    no_token = no_token || told.no_token;
    same_page = same_page || told.same_page;
  }
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
