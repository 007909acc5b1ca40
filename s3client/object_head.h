#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "s3client/client.h"
#include "s3client/transport.h"

namespace s3 {

/// The ObjectHead of a 200 or 206, checked against what was asked for. `ranged`: a Range was sent.
///
/// kProtocol: no Content-Length, a Range that was ignored or answered with another one, another
/// version than the one asked for. kChanged: the server ignored If-Match and has another ETag.
/// An answer to a Range tells no checksums: servers disagree on what they would be of.
Result<ObjectHead> read_object_head(const HttpHead& head, const GetRequest& request, bool ranged);

}  // namespace s3
