#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "s3client/error.h"
#include "s3client/session.h"
#include "s3client/transport.h"

namespace s3 {

/// Reads how a bucket is set up. One call is one GET; who tries again is the caller. One thread at
/// a time; the session is shared.
class BucketSettings {
 public:
  /// `transport` outlives it.
  BucketSettings(std::shared_ptr<Session> session, Transport& transport)
      : session_(std::move(session)), transport_(transport) {}

  /// GET BUCKET?NAME, as "versioning" or "lifecycle": the document as it came. Errors as of the
  /// client; what is not set up is mostly a 404 with a code of its own, and what the server does
  /// not have is kInvalid with the code NotImplemented.
  Result<std::string> read(std::string_view name);

 private:
  std::shared_ptr<Session> session_;
  Transport& transport_;
};

}  // namespace s3
