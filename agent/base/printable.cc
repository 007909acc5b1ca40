#include "agent/base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace agent {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// What is printed as nothing, as a space, or as the order of other characters: Unicode's
/// Default_Ignorable_Code_Point, its controls and formats, and all spaces but the one of ASCII.
/// https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
constexpr std::array<Range, 27> kUnseen = {{
    {0x0000, 0x001F},  // C0
    {0x007F, 0x00A0},  // DEL, C1, no-break space
    {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x0600, 0x0605},   {0x061C, 0x061C},   {0x06DD, 0x06DD},
    {0x070F, 0x070F}, {0x115F, 0x1160}, {0x1680, 0x1680},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
    {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F},   {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3164, 0x3164}, {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
}};

bool is_unseen(char32_t character) {
  const auto* const range =
      std::find_if(kUnseen.begin(), kUnseen.end(),
                   [&](const Range& candidate) { return character <= candidate.last; });
  return range != kUnseen.end() && character >= range->first;
}

struct Character {
  char32_t value = 0;
  std::size_t bytes = 0;  ///< 0: there is no valid UTF-8 character
};

Character first_character(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  char32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    value = (value << 6U) | (at(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool beyond = (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF;
  return overlong || beyond ? Character{} : Character{value, length};
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    out += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
  }
}

enum class Backslash { kAsItIs, kDoubled };

std::string made_printable(std::string_view text, Backslash backslash) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    const auto bytes = text.substr(0, std::max<std::size_t>(character.bytes, 1));
    if (character.bytes == 0 || is_unseen(character.value)) {
      append_escaped(out, bytes);
    } else {
      out.append(bytes);
      if (bytes == "\\" && backslash == Backslash::kDoubled) out += '\\';
    }
    text.remove_prefix(bytes.size());
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return made_printable(text, Backslash::kAsItIs); }

std::string printable_name(std::string_view name) {
  return made_printable(name, Backslash::kDoubled);
}

std::string one_line(std::string text) {
  const auto is_gap = [](char c) { return c == '\n' || c == '\r' || c == '\t'; };
  std::replace_if(text.begin(), text.end(), is_gap, ' ');
  return printable(text);
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto length = first_character(bytes).bytes;
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace agent
