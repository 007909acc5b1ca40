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
  template <std::integral Number>
  JsonValue(Number number) : text_(std::to_string(number)) {}  // NOLINT

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using JsonMember = std::pair<std::string_view, JsonValue>;

/// The object on one line, its members in the order given: {"source":"site","bytes":12}. Names are
/// taken as they are; what is no valid UTF-8 in a text becomes U+FFFD.
std::string json_line(const std::vector<JsonMember>& members);

}  // namespace agent
