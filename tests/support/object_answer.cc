#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tests/support/listing.h"
#include "tests/support/s3_answer.h"
#include "tests/support/s3_xml.h"

namespace fake_s3 {
namespace {

struct Piece {
  std::uint64_t offset_bytes = 0;
  std::uint64_t length_bytes = 0;
  bool partial = false;
};

// "bytes=N-", "bytes=N-M", "bytes=-N". What is no range is the whole object, as on AWS.
tl::expected<Piece, Refusal> piece_of_range(std::string_view range, std::uint64_t size) {
  const Piece whole{0, size, false};
  constexpr std::string_view kUnit = "bytes=";
  const auto dash = range.find('-');
  if (!range.starts_with(kUnit) || dash == std::string_view::npos) return whole;
  const std::string_view left = range.substr(kUnit.size(), dash - kUnit.size());
  const std::string_view right = range.substr(dash + 1);
  const auto first = parse_number(left);
  const auto last = parse_number(right);
  const bool well_formed = (first && (last || right.empty())) || (left.empty() && last);
  if (!well_formed || (first && last && *last < *first)) return whole;
  const std::uint64_t begin = first ? *first : size - std::min(*last, size);
  const bool nothing = begin >= size || (!first && *last == 0);
  if (nothing) {
    return tl::unexpected(Refusal{
        416,
        "InvalidRange",
        "The requested range is not satisfiable",
        {{"RangeRequested", std::string(range)}, {"ActualObjectSize", std::to_string(size)}}});
  }
  const std::uint64_t end = first && last ? std::min(*last + 1, size) : size;
  return Piece{begin, end - begin, true};
}

tl::expected<Piece, Refusal> piece_of_part(std::string_view part, const Object& object) {
  const auto number = parse_number(part);
  const std::uint64_t size = object.content->size_bytes();
  const std::size_t count = std::max<std::size_t>(object.part_sizes.size(), 1);
  const auto& numbers = object.part_numbers;
  const auto chosen = std::find(numbers.begin(), numbers.end(), number.value_or(0));
  const bool exists = number && (numbers.empty() ? *number <= count : chosen != numbers.end());
  if (!number || *number == 0) {
    return tl::unexpected(
        Refusal{400, "InvalidArgument", "Part number must be a positive integer"});
  }
  if (!exists) {
    return tl::unexpected(Refusal{
        416,
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
        {{"PartNumberRequested", std::string(part)}, {"ActualPartCount", std::to_string(count)}}});
  }
  if (object.part_sizes.empty()) return Piece{0, size, size > 0};
  const auto index = numbers.empty() ? static_cast<std::ptrdiff_t>(*number - 1)
                                     : std::distance(numbers.begin(), chosen);
  const auto wanted = object.part_sizes.begin() + index;
  return Piece{std::accumulate(object.part_sizes.begin(), wanted, std::uint64_t{0}), *wanted, true};
}

std::optional<Refusal> refusal_of_state(const Object& object, bool is_head) {
  switch (object.state) {
    case ObjectState::kNormal:
      return std::nullopt;
    case ObjectState::kArchived:
      if (is_head) return std::nullopt;
      return Refusal{403,
                     "InvalidObjectState",
                     "The operation is not valid for the object's storage class",
                     {{"StorageClass", object.storage_class}}};
    case ObjectState::kSseC:
      return Refusal{400, "InvalidRequest",
                     "The object was stored using a form of Server Side Encryption. The correct "
                     "parameters must be provided to retrieve the object."};
    case ObjectState::kKmsDenied:
      if (is_head) return std::nullopt;
      return Refusal{403, "AccessDenied",
                     "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: "
                     "kms:Decrypt on the resource associated with this ciphertext because no "
                     "identity-based policy allows the kms:Decrypt action"};
    case ObjectState::kDenied:
      return Refusal{403, "AccessDenied", "Access Denied"};
  }
  return std::nullopt;
}

std::string etag_of(const Object& object, const Piece& piece) {
  std::string bytes(piece.length_bytes, '\0');
  return object.content->read(piece.offset_bytes, bytes) ? md5_hex(bytes) : "";
}

bool names(std::string_view condition, const std::string& etag) {
  return condition == "*" || condition == etag || condition == fmt::format("\"{}\"", etag);
}

std::optional<Refusal> refusal_of_conditions(const HttpRequest& http, const std::string& etag) {
  const std::string* if_match = http.find("if-match");
  if (if_match != nullptr && !names(*if_match, etag)) {
    return Refusal{412,
                   "PreconditionFailed",
                   "At least one of the pre-conditions you specified did not hold",
                   {{"Condition", "If-Match"}}};
  }
  const std::string* if_none_match = http.find("if-none-match");
  if (if_none_match != nullptr && names(*if_none_match, etag)) return Refusal{304, "", ""};
  return std::nullopt;
}

void describe(const Object& object, const std::string& etag, Answer& answer) {
  answer.set("Last-Modified", http_time(object.last_modified));
  answer.set("ETag", fmt::format("\"{}\"", etag));
  answer.set("Accept-Ranges", "bytes");
  answer.set("Content-Type", "binary/octet-stream");
  if (!object.storage_class.empty() && object.storage_class != "STANDARD") {
    answer.set("x-amz-storage-class", object.storage_class);
  }
  for (const auto& [name, value] : object.headers) answer.set(name, value);
}

void add_checksums(const Object& object, Answer& answer) {
  for (const auto& [algorithm, value] : object.checksums) {
    answer.set("x-amz-checksum-" + algorithm, value);
  }
  if (!object.checksum_type.empty()) answer.set("x-amz-checksum-type", object.checksum_type);
}

}  // namespace

Answer object_answer(const S3Request& request, const Object& object, std::string_view region,
                     const ObjectLies& lies) {
  const HttpRequest& http = request.http;
  const auto refuse = [&](const Refusal& refusal) {
    return refusal_answer(refusal, request, region);
  };
  if (const auto refusal = refusal_of_state(object, http.method == "HEAD")) return refuse(*refusal);
  const std::string* range = lies.ignore_range ? nullptr : http.find("range");
  const bool by_part = !lies.ignore_parts && has_parameter(request.query, "partNumber");
  if (range != nullptr && by_part) {
    return refuse({400, "InvalidRequest", "Cannot specify both Range header and partNumber"});
  }
  const bool as_of_part = by_part && lies.part_etags && !object.part_sizes.empty();
  if (!as_of_part) {
    const auto refusal = refusal_of_conditions(http, object.shown_etag());
    if (refusal) return refuse(*refusal);
  }
  const std::uint64_t size = object.content->size_bytes();
  tl::expected<Piece, Refusal> piece = Piece{0, size, false};
  if (by_part) piece = piece_of_part(parameter(request.query, "partNumber"), object);
  if (range != nullptr) piece = piece_of_range(*range, size);
  if (!piece) return refuse(piece.error());
  const std::string etag = as_of_part ? etag_of(object, *piece) : object.shown_etag();
  if (const auto refusal = refusal_of_conditions(http, etag)) {
    Answer refused = refuse(*refusal);
    refused.set("ETag", fmt::format("\"{}\"", etag));
    return refused;
  }

  Answer answer;
  describe(object, etag, answer);
  answer.content = object.content;
  answer.offset_bytes = piece->offset_bytes;
  answer.length_bytes = piece->length_bytes;
  if (piece->partial && !as_of_part) {
    answer.status = 206;
    answer.set("Content-Range", fmt::format("bytes {}-{}/{}", piece->offset_bytes,
                                            piece->offset_bytes + piece->length_bytes - 1, size));
  }
  if (by_part && !object.part_sizes.empty()) {
    answer.set("x-amz-mp-parts-count", std::to_string(object.part_sizes.size()));
  }
  const bool whole = range == nullptr && !by_part;
  if (whole && lower(http.value_or_empty("x-amz-checksum-mode")) == "enabled") {
    add_checksums(object, answer);
  }
  const bool takes_gzip = http.value_or_empty("accept-encoding").find("gzip") != std::string::npos;
  if (!lies.unpacked.empty() && answer.find("Content-Encoding") != nullptr && !takes_gzip) {
    answer.content = nullptr;
    answer.text = lies.unpacked;
    answer.remove("Content-Encoding");
  }
  return answer;
}

}  // namespace fake_s3
