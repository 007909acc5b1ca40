#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s3client/client.h"
#include "s3client/error.h"
#include "s3client/xml_reader.h"

namespace s3 {

/// The parts of an <Error> that are of use, as they came; empty where it has none.
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
std::string as_ascii(std::string_view text);

enum class Listing {
  kObjects,   ///< ListObjectsV2, a ListBucketResult
  kVersions,  ///< ListObjectVersions, a ListVersionsResult
};

/// What is asked for on a page.
inline constexpr std::size_t kPageEntries = 1000;

/// Reads a page of a listing as it comes; the table of the servers' dialects is in responses.cc.
class ListParser final : private XmlSink {
 public:
  explicit ListParser(Listing listing) : listing_(listing), reader_(*this) {}

  /// kServer at the first defect, so that what a stranger makes us do stays in proportion.
  Result<void> feed(std::span<const std::byte> bytes);

  /// kServer for a page that is cut, unparsable or without IsTruncated, or truncated with neither
  /// an entry nor a token. An entry that cannot be understood (its date, its key, its version's id)
  /// is left out and counted. When `error()` has a value, that is what came instead of a page.
  Result<ListPage> finish();
  const std::optional<ErrorBody>& error() const { return error_; }
  /// A listing of objects came where one of versions was asked for: the server ignores what it does
  /// not know. (A root of that name with versions in it is one of versions.)
  bool ignores_versions() const {
    return listing_ == Listing::kVersions && root_ == Root::kObjects && !has_versions_;
  }

 private:
  void on_start(std::size_t depth, std::string_view name) override;
  void on_end(std::size_t depth, std::string_view name, std::string_view text) override;
  void start_object(bool is_marker);
  void page_field(std::string_view name, std::string_view text);
  void object_field(std::string_view name, std::string_view text);
  void version_field(std::string_view name, std::string_view text);
  void check_object();
  void odd(std::string what) { odd_ = std::move(what); }
  void leave_out(const std::string& key, std::string_view what);
  void decode_keys();
  Result<void> decode_marker();
  void defect(std::string_view what);
  std::string unclean() const;
  bool is_page() const;

  enum class Root { kNone, kObjects, kVersions, kError, kOther };

  const Listing listing_;
  XmlReader reader_;
  Root root_ = Root::kNone;
  bool has_versions_ = false;
  bool in_object_ = false;
  std::size_t entries_ = 0;
  bool has_size_ = false;
  bool says_latest_ = false;
  bool has_copy_ = false;  ///< restored, for as long as it lasts
  bool url_encoded_ = false;
  std::optional<bool> truncated_;
  std::string token_;  ///< of versions: the key marker
  std::string version_marker_;
  std::vector<ListedObject> objects_;
  std::string odd_;  ///< what cannot be understood in the entry that is being read
  std::uint64_t odd_entries_ = 0;
  std::string first_odd_;
  std::optional<ErrorBody> error_;
  std::string defect_;
};

}  // namespace s3
