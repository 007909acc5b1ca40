#include "s3client/object_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "s3client/dates.h"
#include "s3client/etag.h"
#include "s3client/responses.h"

namespace s3 {
namespace {

Error refuse(ErrorKind kind, int status, std::string message) {
  return Error{kind, status, "", std::move(message), ""};
}

std::string_view value_of(const HttpHead& head, std::string_view name) {
  const std::string* value = head.find(name);
  return value == nullptr ? std::string_view{} : *value;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

/// A "-N" at the end, as multipart ETags and composite checksums have; npos: none.
std::size_t part_suffix(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || !number<unsigned>(text.substr(dash + 1))) {
    return std::string_view::npos;
  }
  return dash;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::vector<std::byte> out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::byte>((bits >> held) & 0xFFU));
    }
  }
  return out;
}

struct KnownChecksum {
  std::string_view header;
  ChecksumAlgorithm algorithm;
  std::size_t size_bytes;
};
constexpr std::array<KnownChecksum, 10> kKnownChecksums = {{
    {"x-amz-checksum-crc32", ChecksumAlgorithm::kCrc32, 4},
    {"x-amz-checksum-crc32c", ChecksumAlgorithm::kCrc32c, 4},
    {"x-amz-checksum-crc64nvme", ChecksumAlgorithm::kCrc64Nvme, 8},
    {"x-amz-checksum-sha1", ChecksumAlgorithm::kSha1, 20},
    {"x-amz-checksum-sha256", ChecksumAlgorithm::kSha256, 32},
    {"x-amz-checksum-sha512", ChecksumAlgorithm::kSha512, 64},
    {"x-amz-checksum-md5", ChecksumAlgorithm::kMd5, 16},
    {"x-amz-checksum-xxhash64", ChecksumAlgorithm::kXxHash64, 8},
    {"x-amz-checksum-xxhash3", ChecksumAlgorithm::kXxHash3, 8},
    {"x-amz-checksum-xxhash128", ChecksumAlgorithm::kXxHash128, 16},
}};

/// The type first, then the value's "-N", then the ETag's: servers leave out either.
bool is_composite(std::string_view type, std::string_view value, std::string_view etag) {
  if (type == "COMPOSITE") return true;
  if (type == "FULL_OBJECT") return false;
  return part_suffix(value) != std::string_view::npos ||
         part_suffix(etag) != std::string_view::npos;
}

std::vector<Checksum> checksums_of(const HttpHead& head, std::string_view etag, bool of_part) {
  std::vector<Checksum> out;
  const std::string_view type = value_of(head, "x-amz-checksum-type");
  for (const KnownChecksum& known : kKnownChecksums) {
    const std::string_view value = value_of(head, known.header);
    auto raw = decode_base64(value.substr(0, part_suffix(value)));
    if (!raw || raw->size() != known.size_bytes) continue;
    // The type is the object's; what comes with one part is of that part's bytes.
    const bool composite = !of_part && is_composite(type, value, etag);
    out.push_back({known.algorithm, *std::move(raw), composite});
  }
  return out;
}

std::string md5_from_base64(std::string_view text) {
  const auto raw = decode_base64(text);
  if (!raw || raw->size() != 16) return "";
  std::string out;
  for (const std::byte byte : *raw) out += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return out;
}

/// "atime:1/md5:d41d8cd98f00b204e9800998ecf8427e/mode:33188". With gpgenc it is the plain text's.
std::string md5_from_s3cmd(const HttpHead& head) {
  constexpr std::string_view kLabel = "md5:";
  if (head.find("x-amz-meta-s3tools-gpgenc") != nullptr) return "";
  std::string_view rest = value_of(head, "x-amz-meta-s3cmd-attrs");
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view field = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (!field.starts_with(kLabel)) continue;
    std::string md5(field.substr(kLabel.size()));
    for (char& c : md5) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const bool is_md5 =
        md5.size() == 32 && md5.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_md5 ? md5 : "";
  }
  return "";
}

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};

/// "bytes 10-99/100"
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos ||
      slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = number<std::uint64_t>(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = number<std::uint64_t>(text.substr(dash + 1, slash - dash - 1));
  const auto total = number<std::uint64_t>(text.substr(slash + 1));
  if (!first || !last || !total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

bool is_opaque(const HttpHead& head) {
  return value_of(head, "x-amz-server-side-encryption").starts_with("aws:kms") ||
         head.find("x-amz-server-side-encryption-customer-algorithm") != nullptr;
}

Result<void> set_size(ObjectHead& object, const HttpHead& head, const GetRequest& request,
                      bool ranged) {
  const auto length = number<std::uint64_t>(value_of(head, "content-length"));
  const auto* told = head.find("content-length");
  if (!length && told != nullptr) {
    return refuse(ErrorKind::kProtocol, head.status,
                  fmt::format("the server tells the size \"{}\"", as_ascii(*told)));
  }
  const bool may_be_listed = request.listed_size_bytes && request.part_number == 0;
  if (!length && !may_be_listed) {
    return refuse(ErrorKind::kProtocol, head.status, "the server does not say the size");
  }
  if (!ranged) {
    if (head.status != 200 && request.part_number == 0) {
      return refuse(ErrorKind::kProtocol, head.status, "a part came where the whole was asked for");
    }
    object.size_is_listed = !length;
    object.size_bytes = length ? *length : *request.listed_size_bytes;
    return {};
  }
  if (head.status != 206) {
    return refuse(ErrorKind::kProtocol, head.status, "the server ignores Range");
  }
  const auto range = parse_content_range(value_of(head, "content-range"));
  const bool fits =
      range && range->total > 0 && range->first == request.offset_bytes &&
      range->last >= range->first && range->last == end_of(request, range->total) - 1 &&
      length.value_or(range->last - range->first + 1) - 1 == range->last - range->first;
  if (!fits) {
    const auto to = request.end_bytes > 0 ? fmt::format("to {}", request.end_bytes - 1) : "on";
    return refuse(ErrorKind::kProtocol, head.status,
                  fmt::format("asked for the bytes from {} {}, the server sends \"{}\"",
                              request.offset_bytes, to, as_ascii(value_of(head, "content-range"))));
  }
  object.size_bytes = range->total;
  object.offset_bytes = range->first;
  return {};
}

bool is_encoded(const HttpHead& head) {
  const auto encoding = value_of(head, "content-encoding");
  return !encoding.empty() && encoding != "identity" && encoding != "aws-chunked";
}

/// The answer is the bucket's own, and of what was listed, but for an ETag that it leaves out.
bool is_as_listed(const HttpHead& head, const ObjectHead& object, const ListingFacts& listed) {
  const bool is_from_s3 =
      std::any_of(head.headers.begin(), head.headers.end(),
                  [](const Header& header) { return header.first.starts_with("x-amz-"); });
  return is_from_s3 && object.size_bytes == listed.size_bytes &&
         (!object.last_modified || *object.last_modified == listed.last_modified);
}

}  // namespace

Result<ObjectHead> read_object_head(const HttpHead& head, const GetRequest& request, bool ranged) {
  ObjectHead object;
  object.etag = normal_etag(value_of(head, "etag"));
  object.version_id = as_ascii(value_of(head, "x-amz-version-id"));
  object.last_modified = parse_http_date(value_of(head, "last-modified"));
  if (!request.if_match.empty() && !object.etag.empty() &&
      object.etag != normal_etag(request.if_match)) {
    return refuse(ErrorKind::kChanged, head.status, "the object is no longer the one asked for");
  }
  if (!request.version_id.empty() && !object.version_id.empty() &&
      object.version_id != request.version_id) {
    return refuse(ErrorKind::kProtocol, head.status, "the server sends another version");
  }
  if (auto sized = set_size(object, head, request, ranged); !sized) {
    return sized.error();
  }
  if (object.etag.empty() && request.listed && is_as_listed(head, object, *request.listed)) {
    object.etag = request.listed->etag;
  }
  const bool of_part = request.part_number > 0 && head.status == 206;
  if (!ranged) object.checksums = checksums_of(head, object.etag, of_part);
  object.is_encoded = is_encoded(head);
  object.etag_is_opaque = is_opaque(head);
  object.parts_count = number<std::uint32_t>(value_of(head, "x-amz-mp-parts-count")).value_or(0);
  object.metadata_md5 = md5_from_base64(value_of(head, "x-amz-meta-md5chksum"));
  object.s3cmd_md5 = md5_from_s3cmd(head);
  object.storage_class = as_ascii(value_of(head, "x-amz-storage-class"));
  object.expiration = as_ascii(value_of(head, "x-amz-expiration"));
  return object;
}

}  // namespace s3
