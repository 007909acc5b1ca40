#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace s3 {

enum class Slash { kKeep, kEncode };

/// Percent-encodes every byte but A-Z a-z 0-9 - . _ ~ (and '/', where asked), once, upper case.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
void append_uri_encoded(std::string& out, std::string_view bytes, Slash slash);
std::string uri_encode(std::string_view bytes, Slash slash);

/// Undoes encoding-type=url, as in a listing: '+' is a space, %XX a byte. nullopt: no such
/// encoding. The result is a byte string, not necessarily UTF-8.
std::optional<std::string> decode_url(std::string_view text);

}  // namespace s3
