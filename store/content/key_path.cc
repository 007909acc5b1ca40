#include "store/content/key_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "store/content/digest.h"

namespace store {
namespace {

constexpr std::string_view kEmptySegment = "%2F";
constexpr std::string_view kDistinctMark = "%~";
constexpr std::string_view kNarrowMark = "%-";
constexpr std::string_view kHexMark = "%=";
constexpr std::string_view kNotPortable = ":*?\"<>|";
constexpr std::size_t kDistinctHashBytes = 8;

// A segment longer than `whole_bytes` is cut into parts of at most `part_bytes`, the '%' at the end
// of a part included.
struct Limits {
  std::size_t whole_bytes;
  std::size_t part_bytes;
};
constexpr Limits kPlainLimits = {255, 240};
constexpr Limits kDistinctLimits = {230, 230};  // leaves room for "%~" and the hash
constexpr Limits kNarrowLimits = {120, 120};    // eCryptfs has names of 143 bytes

// What copies, reads or removes a tree puts a directory of its own before our paths.
struct Extent {
  std::size_t bytes;
  std::ptrdiff_t segments;
};
constexpr Extent kLongestPath = {2048, 128};
constexpr Extent kLongestReadableNarrow = {1400, 32};

bool is_within(std::string_view path, const Extent& extent) {
  return path.size() <= extent.bytes && std::ranges::count(path, '/') < extent.segments;
}

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// How many bytes the UTF-8 character at `at` has; 0 when there is none. The bounds of the second
// byte keep out overlong forms, surrogates and what lies above U+10FFFF.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned char lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (lead == 0xe0) lowest = 0xa0;
  if (lead == 0xed) highest = 0x9f;
  if (lead == 0xf0) lowest = 0x90;
  if (lead == 0xf4) highest = 0x8f;
  if (length == 0 || at + length > text.size()) return 0;
  if (byte_at(text, at + 1) < lowest || byte_at(text, at + 1) > highest) return 0;
  for (std::size_t i = at + 2; i < at + length; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

void append_escape(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0x0f];
}

std::string escape_segment(std::string_view segment, NameRules rules) {
  if (segment.empty()) return std::string(kEmptySegment);
  const bool portable = rules == NameRules::kPortable;
  // From here on everything is escaped.
  std::size_t tail = segment.size();
  if (segment == "." || segment == "..") tail = 0;
  if (portable) tail = std::min(tail, segment.find_last_not_of(". ") + 1);

  std::string out;
  for (std::size_t at = 0; at < segment.size();) {
    const unsigned char byte = byte_at(segment, at);
    const std::size_t length = utf8_length(segment, at);
    const bool stands = length != 0 && byte >= 0x20 && byte != 0x7f && byte != '%' &&
                        byte != '\\' && at < tail &&
                        !(portable && kNotPortable.find(segment[at]) != std::string_view::npos);
    if (!stands) append_escape(out, byte);
    if (stands) out.append(segment, at, length);
    at += stands ? length : 1;
  }
  return out;
}

bool is_narrow(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

std::string escape_narrowly(std::string_view segment) {
  if (segment.empty()) return std::string(kEmptySegment);
  std::string out;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    const bool inner_dot = segment[at] == '.' && at > 0 && at + 1 < segment.size();
    if (inner_dot || is_narrow(segment[at])) {
      out += segment[at];
    } else {
      append_escape(out, byte_at(segment, at));
    }
  }
  return out;
}

// The last place up to `at` that is neither inside a character nor inside an escape.
std::size_t cut_before(std::string_view escaped, std::size_t at) {
  while ((byte_at(escaped, at) & 0xc0) == 0x80) --at;
  if (escaped[at - 1] == '%') return at - 1;
  return escaped[at - 2] == '%' ? at - 2 : at;
}

void append_segment(std::string& path, std::string_view escaped, const Limits& limits,
                    std::string_view directory_mark) {
  if (escaped.size() > limits.whole_bytes) {
    while (escaped.size() > limits.part_bytes) {
      const std::size_t cut = cut_before(escaped, limits.part_bytes - 1);
      path.append(escaped.substr(0, cut)).append("%").append(directory_mark).append("/");
      escaped.remove_prefix(cut);
    }
  }
  // What is left of a long segment can be what no segment may be.
  if (escaped == "." || escaped == "..") {
    for (const char dot : escaped) append_escape(path, static_cast<unsigned char>(dot));
    return;
  }
  path.append(escaped);
}

std::string hash_of_key(std::string_view key) {
  DigestSet set({DigestRequest{Algorithm::kSha256, {}}});
  set.update(std::as_bytes(std::span(key)));
  const RawDigest digest = set.finish().front();
  return to_hex(std::span(digest).first(std::min(digest.size(), kDistinctHashBytes)));
}

int upper_hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

// Appends what one path segment stands for. Tells in `continues` whether it is a part that was cut.
bool append_unescaped(std::string& key, std::string_view segment, bool& continues) {
  continues = segment.ends_with('%');
  if (continues) segment.remove_suffix(1);
  if (segment == kEmptySegment) return true;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    if (segment[at] != '%') {
      key += segment[at];
      continue;
    }
    if (at + 2 >= segment.size()) return false;
    const int high = upper_hex_value(segment[at + 1]);
    const int low = upper_hex_value(segment[at + 2]);
    if (high < 0 || low < 0) return false;
    key += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return true;
}

// What the segments of a plain path stand for, whether or not a key has that path.
std::optional<std::string> read_key(std::string_view path) {
  std::string key;
  while (true) {
    const std::size_t slash = path.find('/');
    bool continues = false;
    if (!append_unescaped(key, path.substr(0, slash), continues)) return std::nullopt;
    if (slash == std::string_view::npos) return key;
    if (!continues) key += '/';
    path.remove_prefix(slash + 1);
  }
}

// What the segments of a path of marked segments stand for: `mark` ends each directory.
std::string without_marks(std::string_view path, std::string_view mark) {
  std::string unmarked;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    auto segment = path.substr(0, slash);
    if (segment.ends_with(mark) && slash < path.size()) segment.remove_suffix(mark.size());
    unmarked.append(segment);
    if (slash < path.size()) unmarked += '/';
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return unmarked;
}

std::string marked_path(std::string_view key, const Limits& limits, std::string_view mark,
                        const auto& escape) {
  std::string path;
  while (true) {
    const std::size_t slash = key.find('/');
    append_segment(path, escape(key.substr(0, slash)), limits, mark);
    if (slash == std::string_view::npos) return path;
    path.append(mark).append("/");
    key.remove_prefix(slash + 1);
  }
}

std::string hex_path(std::string_view key) {
  auto path = std::string(kHexMark);
  const std::string hex = to_hex(std::as_bytes(std::span(key)));
  for (std::size_t at = 0; at < hex.size(); at += kNarrowLimits.part_bytes) {
    if (at > 0) path.append(kNarrowMark).append("/");
    path.append(hex, at, kNarrowLimits.part_bytes);
  }
  return path;
}

std::string narrow_path(std::string_view key) {
  auto path = marked_path(key, kNarrowLimits, kNarrowMark, escape_narrowly);
  return is_within(path, kLongestReadableNarrow) ? path : hex_path(key);
}

std::optional<std::string> read_narrow_key(std::string unmarked) {
  if (!unmarked.starts_with(kHexMark)) return read_key(unmarked);
  std::erase(unmarked, '/');
  const auto bytes = from_hex(std::string_view(unmarked).substr(kHexMark.size()));
  std::string key;
  for (const auto byte : bytes) key += static_cast<char>(byte);
  return key;
}

}  // namespace

std::string path_of_key(std::string_view key, NameRules rules, NameVariant variant) {
  const auto escape = [&](std::string_view segment) { return escape_segment(segment, rules); };
  switch (variant) {
    case NameVariant::kPlain:
      return marked_path(key, kPlainLimits, "", escape);
    case NameVariant::kDistinct:
      return marked_path(key, kDistinctLimits, kDistinctMark, escape)
          .append(kDistinctMark)
          .append(hash_of_key(key));
    case NameVariant::kNarrow:
      break;
  }
  return narrow_path(key).append(kNarrowMark).append(hash_of_key(key));
}

std::span<const NameVariant> variants_of(std::string_view key, NameRules rules) {
  static constexpr std::array kAll = {NameVariant::kPlain, NameVariant::kDistinct,
                                      NameVariant::kNarrow};
  const bool fits = is_within(path_of_key(key, rules, NameVariant::kPlain), kLongestPath);
  return fits ? std::span(kAll) : std::span(kAll).last(1);
}

std::optional<std::string> key_of_plain_path(std::string_view path) {
  auto key = read_key(path);
  if (!key) return std::nullopt;
  // A key has one plain path under each rule; anything else that reads like one is none.
  for (const NameRules rules : {NameRules::kPosix, NameRules::kPortable}) {
    if (path_of_key(*key, rules, NameVariant::kPlain) == path) return key;
  }
  return std::nullopt;
}

std::string archive_path(std::string_view source, std::string_view key, NameRules rules,
                         NameVariant variant) {
  return fmt::format("{}/archives/{}", source, path_of_key(key, rules, variant));
}

std::optional<NamedKey> key_of_path(std::string_view path) {
  if (auto key = key_of_plain_path(path)) return NamedKey{*std::move(key), NameVariant::kPlain};
  for (const auto variant : {NameVariant::kDistinct, NameVariant::kNarrow}) {
    const auto mark = variant == NameVariant::kDistinct ? kDistinctMark : kNarrowMark;
    const auto end = path.rfind(mark);
    if (end == std::string_view::npos) continue;
    auto unmarked = without_marks(path.substr(0, end), mark);
    auto key = variant == NameVariant::kDistinct ? read_key(unmarked)
                                                 : read_narrow_key(std::move(unmarked));
    if (!key) continue;
    for (const NameRules rules : {NameRules::kPosix, NameRules::kPortable}) {
      if (path_of_key(*key, rules, variant) == path) return NamedKey{*std::move(key), variant};
    }
  }
  return std::nullopt;
}

std::string manifest_path(std::string_view source) {
  return fmt::format("{}/manifest.jsonl", source);
}

std::string sums_path(std::string_view source) { return fmt::format("{}/SHA256SUMS", source); }

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

}  // namespace store
