#include <algorithm>

#include "s3client/etag.h"
#include "s3client/responses.h"
#include "tests/fuzz/fuzz.h"

// A page of a listing. The first byte says which listing was asked for, and in how large pieces the
// page arrives: 'a' to 'h' for one of objects, 'A' to 'H' for one of versions.

namespace {

using fuzz::demand;

constexpr std::size_t kLongestKeyBytes = 1024;

s3::Result<s3::ListPage> parse(s3::Listing listing, std::string_view document,
                               std::size_t piece_bytes) {
  s3::ListParser parser(listing);
  while (!document.empty()) {
    const auto piece = document.substr(0, piece_bytes);
    document.remove_prefix(piece.size());
    if (auto fed = parser.feed(std::as_bytes(std::span(piece))); !fed) return fed.error();
  }
  return parser.finish();
}

void check_object(const s3::ListedObject& object) {
  demand(!object.key.empty() && object.key.size() <= kLongestKeyBytes, "a key has 1 to 1024 bytes",
         object.key);
  demand(s3::normal_etag(object.etag) == object.etag, "an ETag is normal", object.etag);
  demand(fuzz::is_plain_ascii(object.etag), "an ETag is fit to print", object.etag);
  demand(fuzz::is_plain_ascii(object.storage_class), "a storage class is fit to print");
  demand(fuzz::is_plain_ascii(object.version_id), "a version id is plain", object.version_id);
  demand(object.is_latest || !object.version_id.empty(), "a noncurrent version has an id");
}

void check_page(const s3::ListPage& page) {
  demand(page.objects.size() + page.odd_entries <= 2 * s3::kPageEntries, "a page has an end");
  std::ranges::for_each(page.objects, check_object);
  demand(page.truncated || (page.next_token.empty() && page.next_version_marker.empty()),
         "only a page that is truncated goes on");
  demand(
      !page.truncated || !page.objects.empty() || page.odd_entries > 0 || !page.next_token.empty(),
      "what is truncated can be gone on from");
  demand((page.odd_entries > 0) == !page.first_odd.empty(), "what is odd is named");
  demand(fuzz::is_plain_ascii(page.first_odd), "what is odd is fit to print", page.first_odd);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const auto how = static_cast<char>(data[0]);
  const auto document = fuzz::text_of(data, size_bytes).substr(1);
  const auto listing = how >= 'a' ? s3::Listing::kObjects : s3::Listing::kVersions;
  const auto page = parse(listing, document, document.size());
  const auto in_pieces = parse(listing, document, (static_cast<unsigned char>(how) & 0x07U) + 1);
  demand(page.has_value() == in_pieces.has_value(), "in pieces it is the same page", document);
  if (page) {
    check_page(*page);
    demand(page->objects.size() == in_pieces->objects.size() &&
               page->next_token == in_pieces->next_token &&
               std::ranges::equal(page->objects, in_pieces->objects, {}, &s3::ListedObject::key,
                                  &s3::ListedObject::key),
           "in pieces it names the same keys");
  }
  const auto error = s3::parse_error_body(document);
  demand(error.code.size() <= document.size(), "an error says no more than came");
  return 0;
}
