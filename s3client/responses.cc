#include "s3client/responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "s3client/dates.h"
#include "s3client/etag.h"
#include "s3client/uri_encode.h"

// What real servers send otherwise than AWS documents it, and what is made of it. "x#n" is issue n
// of that server's project; without a number it was seen in the server named.
//
//   listing of versions
//     gofakes3 (rclone serve s3)   the root is ListBucketVersionsResult           read as the other
//     S3Mock 5                     the root is ListBucketResult                   read as the other
//     S3Mock 5                     1,021 entries for max-keys=1000; IsTruncated=false beside a
//                                  NextVersionIdMarker                            no clean end
//     versitygw 1.8                on a page all DeleteMarkers, then all Versions merged by key
//     moto 5                       all Versions, then all DeleteMarkers           merged by key
//     moto 5                       no EncodingType, though it was asked for       keys stand raw
//     versitygw 1.8                key-marker is inclusive                        lister: dropped
//     Swift s3api                  NextVersionIdMarker is always "null"           lister: the last
//                                                                                 entry's own id
//     Ceph, Swift                  NextKeyMarker raw on an encoded page           taken as it
//     stands seaweedfs#7703               complete after the first thousand              lister:
//     asked on
//   listing of objects
//     rustfs#3217, rustfs#5051     IsTruncated=false, and there is more           lister: asked on
//     rustfs#1596                  truncated, with version 1's NextMarker         lister:
//     start-after rustfs#1165                  start-after includes its key lister: dropped
//     rustfs#5792, versitygw#2178  a token comes again                            lister: refused
//     rustfs#2439                  an entry comes twice                           lister: dropped
//     S3Proxy 4, S3Mock 5          in the order of UTF-16, as Java sorts          agent: sorted
//     here Storj, S3 Express, fauxqs    in no order, or another                        agent:
//     sorted here
//   ETags: W/"x", upper-case hex, no quotes, &#34;&#34;, an empty element         see etag.h
namespace s3 {
namespace {

void set_error_field(ErrorBody& body, std::string_view name, std::string_view text) {
  if (name == "Code") {
    body.code = text;
  } else if (name == "Message") {
    body.message = text;
  } else if (name == "Region") {
    body.region = text;
  } else if (name == "Endpoint") {
    body.endpoint = text;
  } else if (name == "RequestId") {
    body.request_id = text;
  } else if (name == "ArgumentName" || name == "Header") {
    body.argument = text;
  } else if (name == "ResourceType") {
    body.resource_type = text;
  }
}

class ErrorSink final : public XmlSink {
 public:
  void on_start(std::size_t depth, std::string_view name) override {
    if (depth == 1) is_error_ = name == "Error";
  }
  void on_end(std::size_t depth, std::string_view name, std::string_view text) override {
    if (is_error_ && depth == 2) set_error_field(body, name, text);
  }
  ErrorBody body;

 private:
  bool is_error_ = false;
};

std::optional<bool> parse_bool(std::string_view text) {
  if (text != "true" && text != "false") return std::nullopt;
  return text == "true";
}

/// "Unicode, UTF-8 encoded, URL-ready, opaque strings that are no more than 1,024 bytes long."
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
bool is_version_id(std::string_view text) {
  constexpr std::size_t kLongestId = 1024;
  return !text.empty() && text.size() <= kLongestId &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Of one key the newest first, as AWS sends it.
bool comes_before(const ListedObject& one, const ListedObject& other) {
  if (const int order = one.key.compare(other.key); order != 0) return order < 0;
  if (one.is_latest != other.is_latest) return one.is_latest;
  return one.last_modified > other.last_modified;
}

/// Where the delete markers of a page stand all together, before or behind its versions, each of
/// the two in the order of the keys, they are put where they belong. A page that is in order, or in
/// none, stays as it is.
void merge_groups(std::vector<ListedObject>& objects) {
  const auto by_key = [](const ListedObject& one, const ListedObject& other) {
    return one.key < other.key;
  };
  if (std::is_sorted(objects.begin(), objects.end(), by_key)) return;
  std::vector<ListedObject> markers;
  std::vector<ListedObject> versions;
  for (ListedObject& object : objects) {
    (object.is_delete_marker ? markers : versions).push_back(std::move(object));
  }
  objects.clear();
  std::merge(std::move_iterator(versions.begin()), std::move_iterator(versions.end()),
             std::move_iterator(markers.begin()), std::move_iterator(markers.end()),
             std::back_inserter(objects), comes_before);
}

Error bad_page(std::string_view what) {
  return Error{ErrorKind::kServer, 0, "", fmt::format("the listing is refused: {}", what), ""};
}

}  // namespace

std::string as_ascii(std::string_view text) {
  constexpr std::size_t kLongest = 500;
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

ErrorBody parse_error_body(std::string_view body) {
  ErrorSink sink;
  XmlReader reader(sink);
  // What was read before it broke off is better than nothing: the result does not matter.
  if (reader.feed(std::as_bytes(std::span(body)))) std::ignore = reader.finish();
  return std::move(sink.body);
}

Result<void> ListParser::feed(std::span<const std::byte> bytes) {
  if (auto fed = reader_.feed(bytes); !fed) return fed;
  if (!defect_.empty()) return bad_page(defect_);
  return {};
}

void ListParser::defect(std::string_view what) {
  if (defect_.empty()) defect_ = what;
}

bool ListParser::is_page() const {
  return root_ == Root::kObjects || (listing_ == Listing::kVersions && root_ == Root::kVersions);
}

void ListParser::on_start(std::size_t depth, std::string_view name) {
  if (depth == 1) {
    root_ = name == "ListBucketResult"           ? Root::kObjects
            : name == "ListVersionsResult"       ? Root::kVersions
            : name == "ListBucketVersionsResult" ? Root::kVersions
            : name == "Error"                    ? Root::kError
                                                 : Root::kOther;
    if (root_ == Root::kError) error_.emplace();
    if (is_page()) objects_.reserve(kPageEntries);
  } else if (depth == 2 && is_page()) {
    const bool is_marker = listing_ == Listing::kVersions && name == "DeleteMarker";
    in_object_ = is_marker || name == (listing_ == Listing::kVersions ? "Version" : "Contents");
    if (in_object_) start_object(is_marker);
  }
}

void ListParser::start_object(bool is_marker) {
  has_versions_ = listing_ == Listing::kVersions;
  // S3Mock exceeds it by a few; who exceeds it by far means no good.
  if (++entries_ > 2 * kPageEntries) {
    defect(fmt::format("it has more than {} entries where {} were asked for", 2 * kPageEntries,
                       kPageEntries));
  }
  if (!defect_.empty()) {
    in_object_ = false;
    return;
  }
  objects_.emplace_back().is_delete_marker = is_marker;
  has_size_ = false;
  says_latest_ = false;
  has_copy_ = false;
  odd_.clear();
}

void ListParser::on_end(std::size_t depth, std::string_view name, std::string_view text) {
  if (root_ == Root::kError && depth == 2) set_error_field(*error_, name, text);
  if (!is_page()) return;
  if (depth == 4 && in_object_) {
    // Told as soon as there is a copy to read, and not before.
    has_copy_ = has_copy_ || (name == "RestoreExpiryDate" && !text.empty());
  } else if (depth == 3 && in_object_) {
    object_field(name, text);
    if (listing_ == Listing::kVersions) version_field(name, text);
  } else if (depth == 2 && in_object_) {
    check_object();
    in_object_ = false;
  } else if (depth == 2) {
    page_field(name, text);
  }
}

void ListParser::page_field(std::string_view name, std::string_view text) {
  const bool versions = listing_ == Listing::kVersions;
  if (name == "IsTruncated") {
    truncated_ = parse_bool(text);
  } else if (name == (versions ? "NextKeyMarker" : "NextContinuationToken")) {
    token_ = text;
  } else if (versions && name == "NextVersionIdMarker") {
    version_marker_ = text;
  } else if (name == "EncodingType") {
    url_encoded_ = text == "url";
  }
}

void ListParser::object_field(std::string_view name, std::string_view text) {
  ListedObject& object = objects_.back();
  if (name == "Key") {
    object.key = text;
  } else if (name == "ETag") {
    object.etag = normal_etag(text);
  } else if (name == "Size") {
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, object.size_bytes);
    has_size_ = parsed.ec == std::errc{} && parsed.ptr == end;
    if (!has_size_) odd(fmt::format("has the size \"{}\"", as_ascii(text)));
  } else if (name == "LastModified") {
    if (const auto time = parse_iso8601(text)) {
      object.last_modified = *time;
    } else if (!text.empty()) {  // <LastModified/> says nothing, and nothing wrong
      odd(fmt::format("has the date \"{}\"", as_ascii(text)));
    }
  } else if (name == "StorageClass") {
    object.storage_class = as_ascii(text);
  }
}

void ListParser::version_field(std::string_view name, std::string_view text) {
  if (name == "VersionId") {
    if (!is_version_id(text)) odd(fmt::format("has the version id \"{}\"", as_ascii(text)));
    objects_.back().version_id = text;
  } else if (name == "IsLatest") {
    const auto is_latest = parse_bool(text);
    says_latest_ = is_latest.has_value();
    objects_.back().is_latest = is_latest.value_or(true);
  }
}

void ListParser::leave_out(const std::string& key, std::string_view what) {
  constexpr std::size_t kShownBytes = 200;
  if (odd_entries_++ > 0) return;
  first_odd_ = fmt::format("\"{}{}\" {}", as_ascii(key.substr(0, kShownBytes)),
                           key.size() > kShownBytes ? "..." : "", what);
}

void ListParser::check_object() {
  const ListedObject& object = objects_.back();
  const auto of_key = [&](std::string_view what) {
    defect(fmt::format("\"{}\" {}", as_ascii(object.key), what));
  };
  if (object.key.empty()) return defect("an object has no key");
  if (listing_ == Listing::kVersions && !says_latest_) {
    return of_key("has a version that does not say whether it is the latest");
  }
  if (!has_size_ && !object.is_delete_marker && odd_.empty()) odd("has no size");
  if (!odd_.empty()) {
    leave_out(object.key, odd_);
    objects_.pop_back();
    return;
  }
  if (has_copy_) objects_.back().storage_class = kRestored;
  // It could only be asked for as what it is not: the current one.
  if (!object.is_latest && object.version_id.empty()) {
    of_key("has a noncurrent version without an id");
  }
}

void ListParser::decode_keys() {
  // "The name for a key is a sequence of Unicode characters whose UTF-8 encoding is at most 1,024
  // bytes long." https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
  constexpr std::size_t kLongestKey = 1024;
  const auto is_good = [&](ListedObject& object) {
    if (url_encoded_ && object.key.find_first_of("%+") != std::string::npos) {
      auto key = decode_url(object.key);
      if (!key) {
        leave_out(object.key, "is not encoded as the page says");
        return false;
      }
      object.key = *std::move(key);
    }
    if (object.key.size() <= kLongestKey) return true;
    leave_out(object.key, fmt::format("is a key of {} bytes, and S3 allows {}", object.key.size(),
                                      kLongestKey));
    return false;
  };
  std::erase_if(objects_, [&](ListedObject& object) { return !is_good(object); });
}

Result<void> ListParser::decode_marker() {
  // A continuation token never is encoded. A key marker is, but not by Ceph and Swift: theirs is
  // the last key of the page as it stands there, which an encoded one is not unless both are one.
  if (!url_encoded_ || listing_ == Listing::kObjects ||
      (!objects_.empty() && token_ == objects_.back().key)) {
    return {};
  }
  auto marker = decode_url(token_);
  if (!marker) return bad_page("the key marker is not encoded as the page says");
  token_ = *std::move(marker);
  return {};
}

std::string ListParser::unclean() const {
  if (entries_ > kPageEntries) {
    return fmt::format("has {} entries on a page where {} were asked for", entries_, kPageEntries);
  }
  if (!*truncated_ && !(token_.empty() && version_marker_.empty())) {
    return "says that it is complete, and where it goes on";
  }
  return {};
}

Result<ListPage> ListParser::finish() {
  if (auto complete = reader_.finish(); !complete) return complete.error();
  if (error_) return bad_page("an error came in its place");
  if (!is_page()) return bad_page("it is not the document that was asked for");
  if (!defect_.empty()) return bad_page(defect_);
  if (!truncated_) return bad_page("it does not say whether it is truncated");
  if (*truncated_ && token_.empty() && objects_.empty()) {
    return bad_page("it is truncated, and has neither an entry nor a token");
  }
  // Only now: EncodingType may stand behind the keys.
  decode_keys();
  if (auto decoded = decode_marker(); !decoded) return decoded.error();
  if (listing_ == Listing::kVersions) merge_groups(objects_);
  ListPage page;
  page.truncated = *truncated_;
  page.unclean = unclean();
  page.odd_entries = odd_entries_;
  page.first_odd = std::move(first_odd_);
  page.objects = std::move(objects_);
  if (page.truncated) {
    page.next_token = std::move(token_);
    page.next_version_marker = std::move(version_marker_);
  }
  return page;
}

}  // namespace s3
