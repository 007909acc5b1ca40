#include "s3client/responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "s3client/dates.h"
#include "s3client/uri_encode.h"

namespace s3 {
namespace {

void set_error_field(ErrorBody& body, std::string_view name, std::string_view text) {
  if (name == "Code") {
    body.code = printable(text);
  } else if (name == "Message") {
    body.message = printable(text);
  } else if (name == "Region") {
    body.region = text;
  } else if (name == "Endpoint") {
    body.endpoint = text;
  } else if (name == "RequestId") {
    body.request_id = printable(text);
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

std::string_view without_quotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    return etag.substr(1, etag.size() - 2);
  }
  return etag;
}

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

Error bad_page(std::string_view what) {
  return Error{ErrorKind::kServer, 0, "", fmt::format("the listing is refused: {}", what), ""};
}

}  // namespace

std::string printable(std::string_view text) {
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

void ListParser::defect(std::string_view what) {
  if (defect_.empty()) defect_ = what;
}

bool ListParser::is_page() const {
  return root_ == (listing_ == Listing::kVersions ? Root::kVersions : Root::kObjects);
}

void ListParser::on_start(std::size_t depth, std::string_view name) {
  if (depth == 1) {
    root_ = name == "ListBucketResult"     ? Root::kObjects
            : name == "ListVersionsResult" ? Root::kVersions
            : name == "Error"              ? Root::kError
                                           : Root::kOther;
    constexpr std::size_t kUsualObjects = 1000;
    if (root_ == Root::kError) error_.emplace();
    if (is_page()) objects_.reserve(kUsualObjects);
  } else if (depth == 2 && is_page()) {
    const bool is_marker = listing_ == Listing::kVersions && name == "DeleteMarker";
    in_object_ = is_marker || name == (listing_ == Listing::kVersions ? "Version" : "Contents");
    if (in_object_) {
      objects_.emplace_back().is_delete_marker = is_marker;
      has_size_ = false;
      says_latest_ = false;
    }
  }
}

void ListParser::on_end(std::size_t depth, std::string_view name, std::string_view text) {
  if (root_ == Root::kError && depth == 2) set_error_field(*error_, name, text);
  if (!is_page()) return;
  if (depth == 3 && in_object_) {
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
    object.etag = printable(without_quotes(text));
  } else if (name == "Size") {
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, object.size_bytes);
    has_size_ = parsed.ec == std::errc{} && parsed.ptr == end;
  } else if (name == "LastModified") {
    if (const auto time = parse_iso8601(text)) {
      object.last_modified = *time;
    } else {
      defect("an object has a date that does not parse");
    }
  } else if (name == "StorageClass") {
    object.storage_class = printable(text);
  }
}

void ListParser::version_field(std::string_view name, std::string_view text) {
  if (name == "VersionId") {
    if (!is_version_id(text)) defect("a version has an id that is none");
    objects_.back().version_id = text;
  } else if (name == "IsLatest") {
    const auto is_latest = parse_bool(text);
    says_latest_ = is_latest.has_value();
    objects_.back().is_latest = is_latest.value_or(true);
  }
}

void ListParser::check_object() {
  const ListedObject& object = objects_.back();
  if (object.key.empty()) defect("an object has no key");
  if (!has_size_ && !object.is_delete_marker) defect("an object has no size");
  if (listing_ == Listing::kObjects) return;
  if (!says_latest_) defect("a version does not say whether it is the latest");
  // It could only be asked for as what it is not: the current one.
  if (!object.is_latest && object.version_id.empty()) defect("a noncurrent version has no id");
}

Result<void> ListParser::decode() {
  for (ListedObject& object : objects_) {
    if (object.key.find_first_of("%+") == std::string::npos) continue;
    auto key = decode_url(object.key);
    if (!key) return bad_page("a key is not encoded as the page says");
    object.key = *std::move(key);
  }
  // A continuation token never is encoded. A key marker is, but not by Ceph and Swift: theirs is
  // the last key of the page as it stands there, which an encoded one is not unless both are one.
  if (listing_ == Listing::kObjects || (!objects_.empty() && token_ == objects_.back().key)) {
    return {};
  }
  auto marker = decode_url(token_);
  if (!marker) return bad_page("the key marker is not encoded as the page says");
  token_ = *std::move(marker);
  return {};
}

Result<ListPage> ListParser::finish() {
  if (auto complete = reader_.finish(); !complete) return complete.error();
  if (error_) return bad_page("an error came in its place");
  if (!is_page()) return bad_page("it is not the document that was asked for");
  if (!defect_.empty()) return bad_page(defect_);
  if (!truncated_) return bad_page("it does not say whether it is truncated");
  if (*truncated_ && token_.empty()) return bad_page("it is truncated and has no token");
  // Only now: EncodingType may stand behind the keys.
  if (url_encoded_) {
    if (auto decoded = decode(); !decoded) return decoded.error();
  }
  if (!*truncated_) return ListPage{std::move(objects_), false, "", ""};
  return ListPage{std::move(objects_), true, std::move(token_), std::move(version_marker_)};
}

}  // namespace s3
