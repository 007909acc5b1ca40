#include "agent/listing/key_reading.h"

#include <algorithm>

#include "agent/proof/job.h"
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

std::string requested_key(const Job& job) {
  if (job.other_reading) {
    if (auto other = other_reading(job.wanted.key)) return *std::move(other);
  }
  return job.wanted.key;
}

}  // namespace agent
