#include "s3client/uri_encode.h"

#include <algorithm>
#include <array>

namespace s3 {
namespace {

constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (const char c : kPlain) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void append_uri_encoded(std::string& out, std::string_view bytes, Slash slash) {
  // By runs: nearly all bytes of nearly all keys stay as they are.
  const auto stays = [slash](char c) {
    return kUnreserved[static_cast<unsigned char>(c)] || (c == '/' && slash == Slash::kKeep);
  };
  while (!bytes.empty()) {
    const auto* const end = std::find_if_not(bytes.begin(), bytes.end(), stays);
    const auto run = static_cast<std::size_t>(end - bytes.begin());
    out.append(bytes.substr(0, run));
    if (run == bytes.size()) return;
    const auto byte = static_cast<unsigned char>(bytes[run]);
    out.push_back('%');
    out.push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 0xFU]);
    bytes.remove_prefix(run + 1);
  }
}

std::string uri_encode(std::string_view bytes, Slash slash) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  append_uri_encoded(out, bytes, slash);
  return out;
}

std::optional<std::string> decode_url(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t run = std::min(text.find_first_of("+%"), text.size());
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) return out;
    if (text.front() == '+') {
      out.push_back(' ');
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3) return std::nullopt;
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    text.remove_prefix(3);
  }
}

}  // namespace s3
