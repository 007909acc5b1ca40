#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s3client/client.h"
#include "s3client/error.h"
#include "s3client/xml_reader.h"

namespace s3 {

/// The parts of an <Error> that are of use; empty where it has none.
struct ErrorBody {
  std::string code;
  std::string message;
  std::string region;
  std::string endpoint;
  std::string request_id;
  std::string argument;       ///< <ArgumentName> or <Header>: what the server did not like
  std::string resource_type;  ///< "DeleteMarker"
};

/// What can be made out of the body of an error, however broken: HTML, cut short, empty.
ErrorBody parse_error_body(std::string_view body);

/// Text of a stranger's, fit for a log line: plain ASCII without control characters, not
/// endless.
std::string printable(std::string_view text);

/// Reads a ListBucketResult as it comes.
class ListParser final : private XmlSink {
 public:
  ListParser() : reader_(*this) {}

  Result<void> feed(std::span<const std::byte> bytes) { return reader_.feed(bytes); }

  /// kServer for a page that is cut, unparsable or without IsTruncated, or truncated without a
  /// token. When `error()` has a value, that is what came instead of a page.
  Result<ListPage> finish();
  const std::optional<ErrorBody>& error() const { return error_; }

 private:
  void on_start(std::size_t depth, std::string_view name) override;
  void on_end(std::size_t depth, std::string_view name, std::string_view text) override;
  void page_field(std::string_view name, std::string_view text);
  void object_field(std::string_view name, std::string_view text);
  void defect(std::string_view what);

  enum class Root { kNone, kList, kError, kOther };

  XmlReader reader_;
  Root root_ = Root::kNone;
  bool in_contents_ = false;
  bool has_size_ = false;
  bool url_encoded_ = false;
  std::optional<bool> truncated_;
  std::string token_;
  std::vector<ListedObject> objects_;
  std::optional<ErrorBody> error_;
  std::string defect_;
};

}  // namespace s3
