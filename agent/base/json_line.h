#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

/// One value of a JSON object, encoded when it is made.
class JsonValue {
 public:
  JsonValue(std::string_view text);  // NOLINT(google-explicit-constructor)
  JsonValue(const std::string& text) : JsonValue(std::string_view(text)) {}  // NOLINT
  JsonValue(const char* text) : JsonValue(std::string_view(text)) {}         // NOLINT
  JsonValue(bool truth) : text_(truth ? "true" : "false") {}                 // NOLINT
  JsonValue(std::nullptr_t) : text_("null") {}                               // NOLINT
  JsonValue(const std::vector<std::string>& texts);                          // NOLINT
  /// A key as it is. Of one that is no UTF-8, which JSON cannot carry, it is the printable form,
  /// and the bytes follow in a member of their own: "key":"a\\xFF","key_hex":"61ff".
  static JsonValue of_key(std::string_view key);

  template <std::integral Number>
  JsonValue(Number number) : text_(std::to_string(number)) {}  // NOLINT

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using JsonMember = std::pair<std::string_view, JsonValue>;

/// The bytes of a key in lower-case hex, and back; empty for what is none.
std::string hex_of_key(std::string_view key);
std::string key_of_hex(std::string_view hex);

/// The object on one line, its members in the order given: {"source":"site","bytes":12}. Names are
/// taken as they are. It is plain ASCII: no text in it can look like another one, or steer a
/// terminal. What is no valid UTF-8 in a text becomes U+FFFD.
std::string json_line(const std::vector<JsonMember>& members);

}  // namespace agent
