#include "s3client/responses.h"

#include <fmt/format.h>

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

tl::unexpected<Error> bad_page(std::string_view what) {
  return tl::unexpected(
      Error{ErrorKind::kServer, 0, "", fmt::format("the listing is refused: {}", what), ""});
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

void ListParser::on_start(std::size_t depth, std::string_view name) {
  if (depth == 1) {
    root_ = name == "ListBucketResult" ? Root::kList
            : name == "Error"          ? Root::kError
                                       : Root::kOther;
    constexpr std::size_t kUsualObjects = 1000;
    if (root_ == Root::kError) error_.emplace();
    if (root_ == Root::kList) objects_.reserve(kUsualObjects);
  } else if (depth == 2 && root_ == Root::kList) {
    in_contents_ = name == "Contents";
    if (in_contents_) {
      objects_.emplace_back();
      has_size_ = false;
    }
  }
}

void ListParser::on_end(std::size_t depth, std::string_view name, std::string_view text) {
  if (root_ == Root::kError && depth == 2) set_error_field(*error_, name, text);
  if (root_ != Root::kList) return;
  if (depth == 3 && in_contents_) {
    object_field(name, text);
  } else if (depth == 2 && in_contents_) {
    if (objects_.back().key.empty()) defect("an object has no key");
    if (!has_size_) defect("an object has no size");
    in_contents_ = false;
  } else if (depth == 2) {
    page_field(name, text);
  }
}

void ListParser::page_field(std::string_view name, std::string_view text) {
  if (name == "IsTruncated") {
    if (text == "true" || text == "false") truncated_ = text == "true";
  } else if (name == "NextContinuationToken") {
    token_ = text;
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

Result<ListPage> ListParser::finish() {
  if (auto complete = reader_.finish(); !complete) return tl::unexpected(complete.error());
  if (error_) return bad_page("an error came in its place");
  if (root_ != Root::kList) return bad_page("it is no ListBucketResult");
  if (!defect_.empty()) return bad_page(defect_);
  if (!truncated_) return bad_page("it does not say whether it is truncated");
  if (*truncated_ && token_.empty()) return bad_page("it is truncated and has no token");

  // Only now: EncodingType may stand behind the keys.
  if (url_encoded_) {
    for (ListedObject& object : objects_) {
      if (object.key.find_first_of("%+") == std::string::npos) continue;
      auto key = decode_listing_value(object.key);
      if (!key) return bad_page("a key is not encoded as the page says");
      object.key = *std::move(key);
    }
  }
  return ListPage{std::move(objects_), *truncated_, *truncated_ ? std::move(token_) : ""};
}

}  // namespace s3
