#include "agent/json_line.h"

#include <nlohmann/json.hpp>

namespace agent {
namespace {

using nlohmann::json;

std::string encoded(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

JsonValue::JsonValue(std::string_view text) : text_(encoded(text)) {}

JsonValue::JsonValue(const std::vector<std::string>& texts) : text_(encoded(texts)) {}

std::string json_line(const std::vector<JsonMember>& members) {
  std::string line = "{";
  for (const auto& [name, value] : members) {
    if (line.size() > 1) line += ',';
    line.append("\"").append(name).append("\":").append(value.text());
  }
  return line + '}';
}

}  // namespace agent
