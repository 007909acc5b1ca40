#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "s3client/error.h"
#include "s3client/session.h"
#include "s3client/transport.h"

namespace s3 {

/// Asks whether a key could do harm, by requests that change nothing even where they are allowed.
/// These are the only ones of holdfast's that are no GET or HEAD, and they are in this file alone:
/// a library of its own, which only `audit` links. They are seen in the owner's access log.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
class Leash {
 public:
  struct Answer {
    int status = 0;
    std::string code;  ///< S3's, printable; empty: none
  };

  /// `transport` outlives it.
  Leash(std::shared_ptr<Session> session, Transport& transport)
      : session_(std::move(session)), transport_(transport) {}

  /// A part for an upload that does not exist. `key` is one that never existed. Needs
  /// s3:PutObject: who has it is answered 404 NoSuchUpload.
  Result<Answer> upload_part(std::string_view key, std::string_view no_upload);
  /// Deletes the version "null", for good, of a key that never existed. Needs
  /// s3:DeleteObjectVersion: who has it is answered 204. Never to be asked without a version: that
  /// would leave a delete marker.
  Result<Answer> delete_null_version(std::string_view key);

  /// Without credentials: what anybody may do. The first byte of the object, and a listing.
  Result<Answer> get_unsigned(std::string_view key);
  Result<Answer> list_unsigned(std::string_view prefix);

 private:
  std::shared_ptr<Session> session_;
  Transport& transport_;
};

}  // namespace s3
