#pragma once

#include <string_view>

#include "s3client/error.h"

namespace s3 {

/// S3's code for what a server does not have.
inline constexpr std::string_view kNotImplemented = "NotImplemented";

/// What came in place of the answer that was asked for.
struct ErrorAnswer {
  int status = 0;
  std::string_view code;
  std::string_view message;
  bool on_object = false;         ///< else: on the bucket, as a listing is
  bool head = false;              ///< a HEAD: there is no body to tell more
  bool is_delete_marker = false;  ///< x-amz-delete-marker, or what the body says
};

/// What the caller must do, as far as status and code alone tell. A HEAD of an object that answers
/// 400 is kUnreadable: it is how S3 answers for an object under a customer's key (SSE-C).
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
ErrorKind kind_of(const ErrorAnswer& refusal);

/// What the answer shows of its cause, as far as code and message tell.
Hint hint_of(const ErrorAnswer& refusal);

/// Whether a body, of which the beginning is enough, is no S3 server's: a web page, or what web
/// servers say to plain HTTP at a TLS port. The hint is kNone where it is neither.
Hint hint_of_page(std::string_view content_type, std::string_view beginning);

/// Whether the server says that it does not have the operation at all.
bool is_unknown_operation(const ErrorAnswer& refusal);

/// Whether the request may have been refused for an optional header or parameter, and not for
/// encryption or for another argument. A HEAD tells neither, so that any 400 may be that.
/// `argument`: what the server names, if anything; `option`: "checksum-mode" or "encoding-type".
bool may_refuse_option(const ErrorAnswer& refusal, std::string_view argument,
                       std::string_view option);

}  // namespace s3
