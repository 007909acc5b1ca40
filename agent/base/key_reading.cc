#include "agent/base/key_reading.h"

#include <algorithm>

#include "s3client/uri_encode.h"

namespace agent {

std::optional<std::string> other_reading(std::string_view key) {
  // It was encoded and nobody said so.
  if (key.find_first_of("+%") != std::string_view::npos) {
    auto decoded = s3::decode_url(key);
    if (decoded && *decoded != key && !decoded->empty()) return *std::move(decoded);
    return std::nullopt;
  }
  // Or it was decoded and had not been encoded: only a "+" turns into something else unseen.
  if (key.find(' ') == std::string_view::npos) return std::nullopt;
  std::string raw(key);
  std::replace(raw.begin(), raw.end(), ' ', '+');
  return raw;
}

}  // namespace agent
