#include "tests/support/listing.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "tests/support/s3_xml.h"

namespace fake_s3 {
namespace {

// A token that is wrong as soon as a client forgets to percent-encode it.
constexpr std::string_view kTokenHead = "1+/";
constexpr std::string_view kTokenTail = "==";

// Where a page ended: a key, or a common prefix with all that is below it.
struct Position {
  std::string name;
  bool is_prefix = false;
  std::string version_id = {};  ///< in a listing of versions
};

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> unbase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::string make_token(const Position& position) {
  const std::string plain = (position.is_prefix ? "p" : "k") + position.name;
  return fmt::format("{}{}{}", kTokenHead, base64(plain), kTokenTail);
}

std::optional<Position> read_token(std::string_view token) {
  if (!token.starts_with(kTokenHead) || !token.ends_with(kTokenTail) ||
      token.size() < kTokenHead.size() + kTokenTail.size()) {
    return std::nullopt;
  }
  token.remove_prefix(kTokenHead.size());
  token.remove_suffix(kTokenTail.size());
  const auto plain = unbase64(token);
  if (!plain || plain->empty()) return std::nullopt;
  return Position{plain->substr(1), plain->front() == 'p', {}};
}

struct Parameters {
  std::string prefix;
  std::string delimiter;
  std::size_t max_keys = 1000;
  bool url_encoded = false;

  std::string shown(std::string_view name) const {
    return url_encoded ? listing_encode(name) : xml_escape(name);
  }
};

tl::expected<Parameters, Refusal> read_parameters(const std::vector<Header>& query,
                                                  const ListingContext& context) {
  Parameters result;
  result.prefix = parameter(query, "prefix");
  result.delimiter = parameter(query, "delimiter");
  const std::string encoding = parameter(query, "encoding-type");
  result.url_encoded =
      encoding == "url" && !context.lies.no_encoding_type && !context.lies.says_encoded;
  const auto max_keys = has_parameter(query, "max-keys")
                            ? parse_number(parameter(query, "max-keys"))
                            : std::optional<std::uint64_t>(1000);
  if (!max_keys || (!encoding.empty() && encoding != "url")) {
    return tl::unexpected(Refusal{400, "InvalidArgument",
                                  "Provided max-keys or encoding-type "
                                  "is not valid"});
  }
  result.max_keys = std::min<std::size_t>(*max_keys, context.page_keys);
  return result;
}

// The common prefix that a key falls under; empty: the key stands for itself.
std::string common_prefix(const std::string& key, const Parameters& parameters) {
  if (parameters.delimiter.empty()) return {};
  const auto end = key.find(parameters.delimiter, parameters.prefix.size());
  return end == std::string::npos ? "" : key.substr(0, end + parameters.delimiter.size());
}

std::string listed_etag(const Object& object, const ListingLies& lies) {
  const std::string etag = lies.no_etag ? "" : xml_escape(object.shown_etag());
  return fmt::format(fmt::runtime(lies.etag_form), etag);
}

// As Java compares Strings: by their UTF-16 code units, so that what needs two of them (they begin
// with D8..DB) comes before U+E000 to U+FFFF.
bool utf16_less(const std::string& one, const std::string& other) {
  const auto weight = [](unsigned char byte) {
    return byte >= 0xF0 ? byte - 2 : byte >= 0xEE ? byte + 6 : int{byte};
  };
  return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end(),
                                      [&](char a, char b) {
                                        const int left = weight(static_cast<unsigned char>(a));
                                        const int right = weight(static_cast<unsigned char>(b));
                                        return left < right;
                                      });
}

// As a locale sorts English: "a.tar", "B.tar", "c.tar".
bool locale_less(const std::string& one, const std::string& other) {
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
  };
  const auto left = lower(one);
  const auto right = lower(other);
  return left != right ? left < right : other < one;
}

bool comes_before(const std::string& one, const std::string& other, const ListingLies& lies) {
  if (lies.by_locale) return locale_less(one, other);
  return lies.by_utf16 ? utf16_less(one, other) : one < other;
}

std::string restore_xml(const Object& object) {
  const auto restored =
      std::find_if(object.headers.begin(), object.headers.end(),
                   [](const Header& header) { return header.first == "x-amz-restore"; });
  if (restored == object.headers.end()) return "";
  if (restored->second.starts_with("ongoing-request=\"true\"")) {
    return "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
  }
  return "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
         "<RestoreExpiryDate>2096-12-21T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>";
}

void visit_in_order(const Bucket& bucket, const std::string& from, const ListingLies& lies,
                    const Bucket::Visitor& visitor) {
  if (!lies.by_utf16 && !lies.by_locale) return bucket.visit(from, visitor);
  struct Entry {
    std::string key;
    Object object;
    bool is_latest;
  };
  std::vector<Entry> entries;
  bucket.visit("", [&](const std::string& key, const Object& object, bool is_latest) {
    entries.push_back({key, object, is_latest});
    return true;
  });
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& one, const Entry& other) {
    return comes_before(one.key, other.key, lies);
  });
  for (const Entry& entry : entries) {
    if (!visitor(entry.key, entry.object, entry.is_latest)) return;
  }
}

std::string object_xml(const std::string& shown_key, const Object& object,
                       const ListingLies& lies) {
  std::string checksums;
  for (const auto& [algorithm, value] : object.checksums) {
    std::string name = algorithm;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    checksums += fmt::format("<ChecksumAlgorithm>{}</ChecksumAlgorithm>", name);
  }
  if (!object.checksum_type.empty()) {
    checksums += fmt::format("<ChecksumType>{}</ChecksumType>", object.checksum_type);
  }
  const bool as_nothing = !lies.as_nothing.empty() && shown_key.starts_with(lies.as_nothing);
  return fmt::format(
      "<Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag>{}<Size>{}</Size>"
      "<StorageClass>{}</StorageClass>{}",
      shown_key, iso_time(object.last_modified),
      as_nothing ? "&quot;d41d8cd98f00b204e9800998ecf8427e&quot;" : listed_etag(object, lies),
      checksums, as_nothing ? 0 : object.content->size_bytes(),
      object.storage_class.empty() ? "STANDARD" : object.storage_class,
      lies.tells_restores ? restore_xml(object) : "");
}

struct Page {
  std::vector<std::string> entries;  ///< XML
  std::vector<std::string> prefixes;
  bool truncated = false;
  Position last;

  std::size_t size() const { return entries.size() + prefixes.size(); }
};

bool is_past(const std::string& key, const Position& start, const ListingLies& lies) {
  if (start.is_prefix && key.starts_with(start.name)) return false;
  return comes_before(start.name, key, lies);
}

Page collect(const Bucket& bucket, const Parameters& parameters, const Position& start,
             const ListingLies& lies) {
  Page page;
  page.last = start;
  visit_in_order(bucket, std::max(parameters.prefix, start.name), lies,
                 [&](const std::string& key, const Object& object, bool is_latest) {
                   if (!key.starts_with(parameters.prefix)) return key < parameters.prefix;
                   if (!is_latest || object.delete_marker) return true;
                   if (!start.name.empty() && !is_past(key, start, lies)) return true;
                   const std::string prefix = common_prefix(key, parameters);
                   if (!prefix.empty() && !page.prefixes.empty() && page.prefixes.back() == prefix)
                     return true;
                   if (page.size() == parameters.max_keys) {
                     page.truncated = page.size() > 0;
                     return false;
                   }
                   if (prefix.empty()) {
                     page.entries.push_back("<Contents>" +
                                            object_xml(parameters.shown(key), object, lies) +
                                            "</Contents>");
                     page.last = {key, false, {}};
                   } else {
                     page.prefixes.push_back(prefix);
                     page.last = {prefix, true, {}};
                   }
                   return true;
                 });
  return page;
}

// Whether an entry comes after the markers; entries of the marked key are seen in order, and those
// up to the marked version belong to the page before.
class AfterMarkers {
 public:
  AfterMarkers(const Position& start, const Parameters& parameters)
      : start_(start),
        skips_prefix_(!parameters.delimiter.empty() && start.name.ends_with(parameters.delimiter)) {
  }

  bool operator()(const std::string& key, const Object& object) {
    if (key < start_.name) return false;
    if (skips_prefix_ && key.starts_with(start_.name)) return false;
    if (start_.name.empty() || key != start_.name) return true;
    if (start_.version_id.empty()) return false;
    const bool after = marker_seen_;
    marker_seen_ = marker_seen_ || (object.version_id == start_.version_id);
    return after;
  }

 private:
  const Position& start_;
  const bool skips_prefix_;
  bool marker_seen_ = false;
};

std::string version_xml(const std::string& shown_key, const Object& object, bool is_latest,
                        const ListingLies& lies) {
  const std::string version =
      fmt::format("<VersionId>{}</VersionId><IsLatest>{}</IsLatest>", object.version_id, is_latest);
  if (!object.delete_marker) {
    return fmt::format("<Version>{}{}</Version>", object_xml(shown_key, object, lies), version);
  }
  return fmt::format("<DeleteMarker><Key>{}</Key>{}<LastModified>{}</LastModified></DeleteMarker>",
                     shown_key, version, iso_time(object.last_modified));
}

Page collect_versions(const Bucket& bucket, const Parameters& parameters, const Position& start,
                      const ListingLies& lies) {
  Page page;
  page.last = start;
  AfterMarkers is_after(start, parameters);
  bucket.visit(std::max(parameters.prefix, start.name), [&](const std::string& key,
                                                            const Object& object, bool is_latest) {
    if (!key.starts_with(parameters.prefix)) return key < parameters.prefix;
    if (!is_after(key, object)) return true;
    const std::string prefix = common_prefix(key, parameters);
    if (!prefix.empty() && !page.prefixes.empty() && page.prefixes.back() == prefix) return true;
    if (page.size() == parameters.max_keys) {
      page.truncated = page.size() > 0;
      return false;
    }
    if (prefix.empty()) {
      page.entries.push_back(version_xml(parameters.shown(key), object, is_latest, lies));
      page.last = {key, false, object.version_id};
    } else {
      page.prefixes.push_back(prefix);
      page.last = {prefix, true, {}};
    }
    return true;
  });
  return page;
}

void distort(Page& page, const Position& start, const ListingLies& lies) {
  if (lies.empty || lies.empty_page) {
    page = Page{};
    page.truncated = lies.empty_page;
    page.last = start;
  }
  if (lies.cut_after > 0 && page.entries.size() > lies.cut_after) {
    page.entries.resize(lies.cut_after);
    page.truncated = false;
  }
  if (lies.markers_apart) {
    std::stable_partition(page.entries.begin(), page.entries.end(), [](const std::string& entry) {
      return entry.starts_with("<DeleteMarker>");
    });
  }
  if (!lies.left_out.empty()) {
    const auto left_out = fmt::format("<Key>{}</Key>", lies.left_out);
    std::erase_if(page.entries, [&](const std::string& entry) {
      return entry.find(left_out) != std::string::npos;
    });
  }
  if (!lies.odd_entry.empty()) page.entries.insert(page.entries.begin(), lies.odd_entry);
  if (lies.reversed) std::reverse(page.entries.begin(), page.entries.end());
  if (lies.same_page || lies.no_token) page.truncated = true;
}

std::string prefixes_xml(const Page& page, const Parameters& parameters) {
  std::string xml;
  for (const std::string& prefix : page.prefixes) {
    xml += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                       parameters.shown(prefix));
  }
  return xml;
}

std::string common_xml(const ListingContext& context, const Parameters& parameters,
                       const std::vector<Header>& query) {
  std::string xml = fmt::format("<Name>{}</Name><Prefix>{}</Prefix>", context.bucket_name,
                                parameters.shown(parameters.prefix));
  if (!parameters.delimiter.empty()) {
    xml += fmt::format("<Delimiter>{}</Delimiter>", parameters.shown(parameters.delimiter));
  }
  xml += fmt::format("<MaxKeys>{}</MaxKeys>",
                     has_parameter(query, "max-keys") ? parameter(query, "max-keys") : "1000");
  if ((parameters.url_encoded && !context.lies.encodes_unsaid) || context.lies.says_encoded)
    xml += "<EncodingType>url</EncodingType>";
  return xml;
}

std::string document(std::string_view root, const std::string& content) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<{0} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{1}</{0}>",
      root, content);
}

}  // namespace

std::string parameter(const std::vector<Header>& query, std::string_view name) {
  const auto found = std::find_if(query.begin(), query.end(),
                                  [&](const Header& pair) { return pair.first == name; });
  return found == query.end() ? "" : found->second;
}

bool has_parameter(const std::vector<Header>& query, std::string_view name) {
  return std::any_of(query.begin(), query.end(),
                     [&](const Header& pair) { return pair.first == name; });
}

tl::expected<std::string, Refusal> list_objects(const Bucket& bucket,
                                                const std::vector<Header>& query,
                                                const ListingContext& context) {
  const auto parameters = read_parameters(query, context);
  if (!parameters) return tl::unexpected(parameters.error());
  const std::string token = parameter(query, "continuation-token");
  Position start{parameter(query, "start-after"), false};
  const std::uint64_t circle = context.lies.circle_of_pages;
  if (has_parameter(query, "continuation-token") && !context.lies.same_page && circle == 0) {
    const auto position = read_token(token);
    if (!position) {
      return tl::unexpected(
          Refusal{400, "InvalidArgument", "The continuation token provided is incorrect"});
    }
    start = *position;
  }
  Page page = collect(bucket, *parameters, start, context.lies);
  const std::uint64_t number = circle == 0 ? 0 : parse_number(token).value_or(0);
  for (std::uint64_t i = 0; circle > 0 && i < number % circle; ++i) {
    page = collect(bucket, *parameters, page.last, context.lies);
  }
  page.truncated = page.truncated || circle > 0;
  distort(page, start, context.lies);

  std::string xml = common_xml(context, *parameters, query);
  xml += fmt::format("<KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>", page.size(),
                     page.truncated);
  if (!token.empty()) {
    xml += fmt::format("<ContinuationToken>{}</ContinuationToken>", xml_escape(token));
  }
  if (page.truncated && !context.lies.no_token) {
    xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>",
                       circle > 0 ? std::to_string(number + 1) : make_token(page.last));
  }
  if (has_parameter(query, "start-after")) {
    xml += fmt::format("<StartAfter>{}</StartAfter>",
                       parameters->shown(parameter(query, "start-after")));
  }
  for (const std::string& entry : page.entries) xml += entry;
  return document("ListBucketResult", xml + prefixes_xml(page, *parameters));
}

tl::expected<std::string, Refusal> list_versions(const Bucket& bucket,
                                                 const std::vector<Header>& query,
                                                 const ListingContext& context) {
  const auto parameters = read_parameters(query, context);
  if (!parameters) return tl::unexpected(parameters.error());
  const Position asked{parameter(query, "key-marker"), false,
                       parameter(query, "version-id-marker")};
  if (asked.name.empty() && !asked.version_id.empty()) {
    return tl::unexpected(Refusal{400, "InvalidArgument",
                                  "A version-id marker cannot be specified without a key marker."});
  }
  const Position start = context.lies.same_page ? Position{} : asked;
  Page page = collect_versions(bucket, *parameters, start, context.lies);
  if (context.lies.null_marker && asked.version_id == "null") page = Page{};
  distort(page, start, context.lies);

  std::string xml = common_xml(context, *parameters, query);
  xml += fmt::format(
      "<KeyMarker>{}</KeyMarker><VersionIdMarker>{}</VersionIdMarker><IsTruncated>{}</IsTruncated>",
      parameters->shown(asked.name), asked.version_id, page.truncated);
  if (page.truncated && !context.lies.no_token) {
    xml += fmt::format("<NextKeyMarker>{}</NextKeyMarker>", parameters->shown(page.last.name));
    if (!page.last.version_id.empty()) {
      xml += fmt::format("<NextVersionIdMarker>{}</NextVersionIdMarker>",
                         context.lies.null_marker ? "null" : page.last.version_id);
    }
  }
  for (const std::string& entry : page.entries) xml += entry;
  return document(context.lies.versions_root, xml + prefixes_xml(page, *parameters));
}

}  // namespace fake_s3
