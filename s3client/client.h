#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s3client/error.h"
#include "s3client/server_clock.h"
#include "s3client/session.h"
#include "s3client/transport.h"

namespace s3 {

/// In the stead of an object's class where the listing tells that a restored copy can be read.
inline constexpr std::string_view kRestored = "RESTORED";

struct ListedObject {
  std::string key;
  std::string etag;  ///< normal_etag()
  std::uint64_t size_bytes = 0;
  ServerDate last_modified{};
  std::string storage_class;  ///< empty: the listing tells none; or kRestored
  // Only of a listing of versions.
  std::string version_id = {};  ///< "null" is an id too; empty: the listing tells none
  bool is_latest = true;
  bool is_delete_marker = false;  ///< then there is neither an ETag nor a size
};

struct ListPage {
  std::vector<ListedObject> objects;
  bool truncated = false;
  /// For the next request, verbatim; only when truncated. Empty though truncated: the server does
  /// not tell, so it goes on after the last key.
  std::string next_token;
  std::string next_version_marker = {};  ///< likewise, of a listing of versions; may be empty
  /// What contradicts a page that says it is the last ("has 1021 entries ..."); empty: nothing.
  std::string unclean = {};
  std::uint64_t odd_entries = 0;  ///< that could not be understood, and are not in `objects`
  std::string first_odd = {};     ///< key and value of the first, for a person
};

enum class ChecksumAlgorithm {
  kCrc32,
  kCrc32c,
  kCrc64Nvme,
  kMd5,
  kSha1,
  kSha256,
  kSha512,
  kXxHash64,
  kXxHash3,
  kXxHash128
};

/// x-amz-checksum-*, with type and part count made explicit (s3 facts: x-amz-checksum-type first,
/// then the "-N"; neither and an ETag with "-N": composite).
struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kCrc32;
  std::vector<std::byte> value;  ///< raw, big-endian
  bool composite = false;
};

/// What a GET or HEAD tells about the object.
struct ObjectHead {
  std::uint64_t size_bytes = 0;    ///< of the whole object (of the part, when a part was asked for)
  std::uint64_t offset_bytes = 0;  ///< where the body of this response begins
  std::string etag;                ///< normal_etag()
  std::string version_id;          ///< empty: none
  std::optional<ServerDate> last_modified;
  std::vector<Checksum> checksums;  ///< those we know and that are well-formed; none of a Range
  bool is_encoded = false;          ///< Content-Encoding: something on the way may unpack it
  bool etag_is_opaque = false;      ///< SSE-KMS, DSSE or SSE-C: the ETag is no MD5
  std::uint32_t parts_count = 0;    ///< x-amz-mp-parts-count, only with a part number; 0: not told
  std::string metadata_md5;         ///< x-amz-meta-md5chksum (base64), decoded to lower-case hex
  std::string s3cmd_md5;            ///< from x-amz-meta-s3cmd-attrs, hex; empty when s3tools-gpgenc
  std::string storage_class;
  std::string expiration;       ///< x-amz-expiration, as sent
  bool size_is_listed = false;  ///< the answer told none: it is GetRequest::listed_size_bytes
};

/// What a listing said of the object.
struct ListingFacts {
  std::string etag;  ///< without quotes
  std::uint64_t size_bytes = 0;
  ServerDate last_modified{};
};

struct GetRequest {
  std::string key;
  std::string version_id;          ///< empty: the current one
  std::uint64_t offset_bytes = 0;  ///< > 0: Range: bytes=N-
  /// > offset_bytes: Range: bytes=N-M, and this is the first byte that does not come; 0: all come.
  std::uint64_t end_bytes = 0;
  std::string if_match;           ///< an ETag without quotes; empty: none
  std::uint32_t part_number = 0;  ///< > 0: only with head(), and then without checksum-mode
  /// Where there is no ETag: the answer's Last-Modified may not be later than this.
  std::optional<ServerDate> if_unmodified_since = std::nullopt;
  /// Believed where an answer does not tell the size; exactly so many bytes have to come then.
  std::optional<std::uint64_t> listed_size_bytes = std::nullopt;
  /// Takes the bytes as they are stored from servers that else unpack what was stored packed.
  bool accept_gzip = false;
  /// Its ETag is taken where the bucket's own answer, to be known by its x-amz-* headers, has none,
  /// and is else as listed. S3Proxy leaves it out for folder markers.
  std::optional<ListingFacts> listed = std::nullopt;
};

/// Takes the bytes of an object. Called from the thread that called get().
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Once, before the first byte; never for a response that is an error. false: kAborted.
  virtual bool on_object(const ObjectHead& head) = 0;
  virtual bool on_bytes(std::span<const std::byte> bytes) = 0;
  /// As ResponseSink::keep_going.
  virtual bool keep_going() { return true; }
};

/// Whether list_versions_page failed because the server has no listing of versions: kInvalid and
/// "NotImplemented", with whatever HTTP status that came. Final for the source.
bool has_no_version_listing(const Error& error);

/// Speaks S3, reading only: GET and HEAD. One call is one request; who tries again is the caller.
/// One thread at a time; the session is shared.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
class Client {
 public:
  /// `transport` outlives the client.
  Client(std::shared_ptr<Session> session, Transport& transport);

  /// ListObjectsV2, at most 1000 keys, with encoding-type=url. An unparsable page, one that gives
  /// back the token that was sent, or names a key that does not begin with `prefix`, is kServer.
  /// Its first byte may take minutes. `keep_going`: as ResponseSink::keep_going.
  Result<ListPage> list_page(std::string_view prefix, std::string_view continuation_token,
                             const std::function<bool()>& keep_going);
  /// The same, from the first key after `start_after` on. Some servers begin with that key itself.
  Result<ListPage> list_page_after(std::string_view prefix, std::string_view start_after,
                                   const std::function<bool()>& keep_going);

  /// ListObjectVersions, at most 1000 versions and delete markers as they come: by key, and those
  /// of one key newest first (where the server sends the delete markers apart, they are merged
  /// among the versions). The markers are next_token (here NextKeyMarker, decoded) and
  /// next_version_marker of the page before, both; a version marker alone is kInvalid, and a key
  /// marker alone leaves out what is left of that key. Errors as of list_page, and
  /// has_no_version_listing(). Needs s3:ListBucketVersions.
  /// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
  Result<ListPage> list_versions_page(std::string_view prefix, std::string_view key_marker,
                                      std::string_view version_marker,
                                      const std::function<bool()>& keep_going);

  /// GetObject with checksum-mode. The sink sees bytes only of a 200, or of a 206 whose
  /// Content-Range begins at the offset asked for and whose total agrees. A server that ignores
  /// Range and answers 200 is kProtocol when an offset was asked for, before any byte. On success
  /// exactly size_bytes - offset_bytes bytes were delivered; on kNetwork some were, in order from
  /// the offset.
  Result<ObjectHead> get(const GetRequest& request, BodySink& sink);

  /// HeadObject with checksum-mode, or of one part. Errors have no body: only status and headers.
  Result<ObjectHead> head(const GetRequest& request);

 private:
  std::shared_ptr<Session> session_;
  Transport& transport_;
};

}  // namespace s3
