#pragma once

#include <string>
#include <string_view>

namespace s3 {

/// The one form in which ETags are compared, whoever sent them and where: without `W/`, quotes and
/// spaces around them, hex digits in lower case, fit to print. An ETag that is no digest of 32 hex
/// digits, with or without "-N", keeps its case. Empty for an empty one, quoted or not. What is in
/// this form already stays as it is.
std::string normal_etag(std::string_view etag);

}  // namespace s3
