#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fake_s3 {

using Header = std::pair<std::string, std::string>;

/// The request line and headers as received. Names are lower case, values trimmed.
struct HttpRequest {
  std::string method;
  std::string target;  ///< raw: path and query
  std::vector<Header> headers;
  std::uint64_t connection = 0;            ///< 1 for the first that the server accepted
  std::uint64_t number_on_connection = 0;  ///< 1 for the first request on it

  std::string_view path() const;   ///< raw
  std::string_view query() const;  ///< raw, without the '?'
  /// The first value; nullptr when there is none.
  const std::string* find(std::string_view name) const;
  std::string_view value_or_empty(std::string_view name) const;
};

/// Everything up to and with the empty line; nullopt when it is no HTTP/1.x request.
std::optional<HttpRequest> parse_request_head(std::string_view text);

/// Lower case for ASCII.
std::string lower(std::string_view text);
std::string_view trim(std::string_view text);

/// %XX undone; with `plus_is_space`, '+' too.
std::string percent_decode(std::string_view text, bool plus_is_space);
/// Everything but A-Za-z0-9-._~ (and '/' with `keep_slash`) becomes %XX.
std::string percent_encode(std::string_view text, bool keep_slash);

/// Names and values of a raw query, decoded, in the order received.
std::vector<Header> parse_query(std::string_view query);

/// The whole text as an unsigned decimal number.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace fake_s3
