#include "agent/json_line.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agent/printable.h"

namespace agent {
namespace {

using nlohmann::json;

std::string encoded(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace

JsonValue::JsonValue(std::string_view text) : text_(encoded(text)) {}

JsonValue::JsonValue(const std::vector<std::string>& texts) : text_(encoded(texts)) {}

JsonValue JsonValue::of_key(std::string_view key) {
  if (is_utf8(key)) return key;
  JsonValue value(printable_name(key));
  value.text_ += fmt::format(",\"key_hex\":\"{}\"", hex_of_key(key));
  return value;
}

std::string hex_of_key(std::string_view key) {
  std::string hex;
  for (const char byte : key) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(byte));
  }
  return hex;
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
