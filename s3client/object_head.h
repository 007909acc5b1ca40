#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "s3client/client.h"
#include "s3client/transport.h"

namespace s3 {

/// Whether a GET asks for less than the whole object.
inline bool has_range(const GetRequest& request) {
  return request.offset_bytes > 0 || request.end_bytes > 0;
}

/// The first byte that does not come, of an object of `size_bytes`.
inline std::uint64_t end_of(const GetRequest& request, std::uint64_t size_bytes) {
  return request.end_bytes > 0 ? std::min(request.end_bytes, size_bytes) : size_bytes;
}

/// The ObjectHead of a 200 or 206, checked against what was asked for. `ranged`: a Range was sent.
///
/// kProtocol: no Content-Length, a Range that was ignored or answered with another one, another
/// version than the one asked for. kChanged: the server ignored If-Match and has another ETag.
/// An answer to a Range tells no checksums: servers disagree on what they would be of.
Result<ObjectHead> read_object_head(const HttpHead& head, const GetRequest& request, bool ranged);

}  // namespace s3
