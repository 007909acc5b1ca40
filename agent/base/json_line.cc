#include "agent/base/json_line.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "agent/base/printable.h"
#include "store/content/digest.h"
#include "store/json.h"

namespace agent {
namespace {

using store::Json;

std::string encoded(const Json& value) { return value.line(Json::Charset::kAscii); }

}  // namespace

JsonValue::JsonValue(std::string_view text) : text_(encoded(text)) {}

JsonValue::JsonValue(const std::vector<std::string>& texts)
    : text_(encoded(Json::Array(texts.begin(), texts.end()))) {}

JsonValue JsonValue::of_key(std::string_view key) {
  if (is_utf8(key)) return key;
  JsonValue value(printable_name(key));
  value.text_ += fmt::format(R"(,"key_hex":"{}")", hex_of_key(key));
  return value;
}

std::string hex_of_key(std::string_view key) {
  return store::to_hex(std::as_bytes(std::span(key)));
}

std::string key_of_hex(std::string_view hex) {
  constexpr int kBase = 16;
  std::string key;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned char byte = 0;
    const auto read = std::from_chars(hex.data(), hex.data() + 2, byte, kBase);
    if (read.ec != std::errc{} || read.ptr != hex.data() + 2) return {};
    key += static_cast<char>(byte);
  }
  return hex.empty() ? key : std::string();
}

std::string json_line(const std::vector<JsonMember>& members) {
  std::string line = "{";
  for (const auto& [name, value] : members) {
    if (line.size() > 1) line += ',';
    line.append("\"").append(name).append("\":").append(value.text());
  }
  return line + '}';
}

}  // namespace agent
