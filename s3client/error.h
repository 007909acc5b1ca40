#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace s3 {

/// What the caller must do differently, not where the error came from.
// None is 0, so that what is no error is not taken for the first of them.
enum class ErrorKind {
  kNetwork = 1,     ///< no answer, or cut short, or stalled: try again
  kThrottled,       ///< 503 SlowDown, 429 and their like: try again, slower
  kServer,          ///< 5xx, a 200 that carries <Error>, XML that does not parse: try again
  kTls,             ///< certificate or protocol refused: final for this endpoint
  kClockSkew,       ///< the signature's time was refused; the session has learned the server's
                    ///< clock from this answer: sign again, once
  kWrongRegion,     ///< the session has learned the right region: sign again, once
  kRedirect,        ///< the session has learned the right host: sign again, once
  kExpiredToken,    ///< reload the credentials, once
  kBadCredentials,  ///< InvalidAccessKeyId, SignatureDoesNotMatch, ...: final for this source
  kDenied,          ///< 403 AccessDenied: final for this object, or for the listing
  kNoSuchBucket,    ///< final for this source
  kNotFound,        ///< 404 on the object, or 405 on a delete marker
  kArchived,        ///< 403 InvalidObjectState: readable only after a restore
  kUnreadable,      ///< encrypted with a key we do not have (SSE-C, KMS): final for this object
  kChanged,         ///< 412: no longer the content that was asked for
  kRangeInvalid,    ///< 416
  kRefusedOption,   ///< the server may not know an optional header; the same request goes without
                    ///< it, and shows whether it was that: try again, once
  kProtocol,        ///< an answer that breaks the protocol (wrong Content-Range, ...): try again
  kAborted,         ///< the sink said stop
  kInvalid,         ///< any other 4xx, and what cannot be sent at all: final
};

/// What an answer shows of its cause, where the remedy follows from that and not from the kind.
enum class Hint {
  kNone,
  kWebPage,        ///< a web page, not S3: a login portal, a console's port, a wrong endpoint
  kUseHttps,       ///< plain HTTP went to a port that speaks TLS, or may do so
  kUseHttp,        ///< TLS went to a port that speaks plain HTTP
  kUsePath,        ///< the list of buckets came: the bucket's host name is not the server's to it
  kUnknownKey,     ///< the server does not know the access key
  kWrongSecret,    ///< the signature does not fit: another secret, or another request than was sent
  kWrongToken,     ///< the session token
  kForeignBucket,  ///< no bucket of this name for this key; there may be one for others
  kUploadersKey,   ///< encrypted with a key that only the uploader has (SSE-C)
};

/// No member ever holds a secret or a signature.
struct Error {
  ErrorKind kind = ErrorKind::kInvalid;
  int http_status = 0;     ///< 0: there was no response
  std::string code;        ///< S3's, e.g. "AccessDenied"; empty when the body told none
  std::string message;     ///< S3's, or libcurl's, or ours
  std::string request_id;  ///< x-amz-request-id
  std::chrono::milliseconds retry_after{0};  ///< the server asks for this pause; 0: it does not
  bool is_unreachable = false;               ///< kNetwork: there was not even a connection
  bool is_delete_marker = false;             ///< kNotFound, and the bucket says that it was deleted
  Hint hint = Hint::kNone;
};

/// A value, or the Error that stands in its place. The compiler warns where one is dropped, and a
/// function returns either of the two as it is.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : Base(tl::unexpected(std::move(error))) {}  // NOLINT(google-explicit-constructor)
};

/// "403 AccessDenied: Access Denied (request 4442587FB7D0A2F9)"
std::string describe(const Error& error);

}  // namespace s3
