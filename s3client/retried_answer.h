#pragma once

#include <optional>
#include <string_view>

#include "s3client/error.h"

namespace s3 {

/// The kind of an answer that says "not now" by its code, and so is asked for again: kThrottled or
/// kServer. nullopt: the code says something else, or nothing that is known.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
std::optional<ErrorKind> retried_code(std::string_view code);

/// Likewise by its HTTP status, where the code says nothing. (A 501 to a request for an object is
/// final: error_kind.cc takes it out before.)
std::optional<ErrorKind> retried_status(int status);

}  // namespace s3
