#include "s3client/etag.h"

#include <algorithm>

#include "s3client/responses.h"

namespace s3 {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// An MD5, or a multipart ETag; only there upper and lower case say the same.
bool is_digest(std::string_view text) {
  constexpr std::size_t kHexDigits = 32;
  if (text.size() < kHexDigits) return false;
  const auto digits = text.substr(0, kHexDigits);
  const auto rest = text.substr(kHexDigits);
  return std::all_of(digits.begin(), digits.end(), is_hex) && (rest.empty() || rest[0] == '-');
}

std::string_view without_wrapping(std::string_view etag) {
  etag = trimmed(etag);
  if (etag.starts_with("W/") || etag.starts_with("w/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return trimmed(etag);
}

std::string_view unwrapped(std::string_view text) {
  for (std::size_t before = text.size() + 1; before != text.size();) {
    before = text.size();
    text = without_wrapping(text);
  }
  return text;
}

}  // namespace

std::string normal_etag(std::string_view etag) {
  // Whatever is wrapped twice comes out of this as it comes out of a second call. One copy, where
  // it is as most are: there is one for every key of a listing.
  std::string normal = as_ascii(unwrapped(etag));
  for (auto inner = unwrapped(normal); inner.size() != normal.size(); inner = unwrapped(normal)) {
    normal = as_ascii(inner);
  }
  if (!is_digest(normal)) return normal;
  for (char& c : normal) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  return normal;
}

}  // namespace s3
