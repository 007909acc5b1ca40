#include <algorithm>

#include "s3client/dates.h"
#include "s3client/etag.h"
#include "s3client/object_head.h"
#include "tests/fuzz/fuzz.h"

// The head of an answer to GET or HEAD. The first line is the status, and behind it the options of
// the request ('r' a Range, 'v' a version, 'm' If-Match, 'u' a date, 's' a listed size, 'l' a
// listed entry, 'p' a part); then come the headers, as "name: value".

namespace {

using fuzz::demand;

constexpr std::uint64_t kOffsetBytes = 1000;
constexpr std::string_view kEtag = "9e107d9d372bb6826bd81d3542a419d6";

s3::GetRequest request_for(std::string_view options) {
  const auto wants = [&](char option) { return options.find(option) != std::string_view::npos; };
  s3::GetRequest request;
  request.key = "key";
  if (wants('r')) request.offset_bytes = kOffsetBytes;
  if (wants('v')) request.version_id = "v1";
  if (wants('m')) request.if_match = kEtag;
  if (wants('u')) request.if_unmodified_since = s3::ServerDate{};
  if (wants('s')) request.listed_size_bytes = 2 * kOffsetBytes;
  if (wants('l')) request.listed = s3::ListingFacts{std::string(kEtag), 2 * kOffsetBytes, {}};
  if (wants('p')) request.part_number = 1;
  return request;
}

s3::HttpHead head_of(std::string_view status, std::string_view lines) {
  s3::HttpHead head;
  for (const char digit : status) {
    if (digit >= '0' && digit <= '9' && head.status < 100) {
      head.status = head.status * 10 + (digit - '0');
    }
  }
  while (!lines.empty()) {
    const auto line = fuzz::next_line(lines);
    const auto colon = std::min(line.find(": "), line.size());
    head.headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  return head;
}

void check_date(std::string_view text) {
  for (const auto time : {s3::parse_http_date(text), s3::parse_iso8601(text)}) {
    if (time) demand(s3::parse_http_date(s3::http_date(*time)) == time, "a date stays one", text);
  }
}

bool is_md5(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_head(const s3::ObjectHead& head, const s3::GetRequest& request, bool ranged) {
  demand(s3::normal_etag(head.etag) == head.etag, "an ETag is normal", head.etag);
  demand(head.offset_bytes == request.offset_bytes, "a body begins where it was asked for");
  demand(head.offset_bytes <= head.size_bytes, "a body begins within the object");
  demand(!ranged || head.checksums.empty(), "an answer to a Range has no checksum");
  demand(request.version_id.empty() || head.version_id.empty() ||
             head.version_id == request.version_id,
         "it is the version that was asked for", head.version_id);
  demand(head.metadata_md5.empty() || is_md5(head.metadata_md5), "an MD5 is one",
         head.metadata_md5);
  demand(head.s3cmd_md5.empty() || is_md5(head.s3cmd_md5), "s3cmd's MD5 is one", head.s3cmd_md5);
  for (const auto& checksum : head.checksums) {
    demand(checksum.value.size() >= 4 && checksum.value.size() <= 64, "a checksum is one");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  auto text = fuzz::text_of(data, size_bytes);
  const auto first = fuzz::next_line(text);
  const auto request = request_for(first);
  const bool ranged = request.offset_bytes > 0;
  const auto head = head_of(first, text);
  if (const auto read = s3::read_object_head(head, request, ranged)) {
    check_head(*read, request, ranged);
  }
  for (const auto& [name, value] : head.headers) {
    check_date(value);
    const auto etag = s3::normal_etag(value);
    demand(s3::normal_etag(etag) == etag, "what is normal stays so", value);
  }
  return 0;
}
