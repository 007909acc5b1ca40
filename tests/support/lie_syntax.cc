#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/support/lies.h"

namespace fake_s3 {
namespace {

enum class Argument { kNone, kNumber, kText, kStatusAndCode };

struct Syntax {
  std::string_view name;
  LieKind kind;
  Argument argument;
};

constexpr std::array kSyntax = {
    Syntax{"truncate", LieKind::kTruncate, Argument::kNumber},
    Syntax{"reset", LieKind::kReset, Argument::kNumber},
    Syntax{"flip", LieKind::kFlip, Argument::kNumber},
    Syntax{"too-long", LieKind::kTooLong, Argument::kNumber},
    Syntax{"stall", LieKind::kStall, Argument::kNumber},
    Syntax{"slow", LieKind::kSlow, Argument::kNumber},
    Syntax{"delay", LieKind::kDelay, Argument::kNumber},
    Syntax{"no-answer", LieKind::kNoAnswer, Argument::kNumber},
    Syntax{"close-after", LieKind::kCloseAfter, Argument::kNone},
    Syntax{"tls-failure", LieKind::kTlsFailure, Argument::kNone},
    Syntax{"wrong-content-length", LieKind::kWrongContentLength, Argument::kNumber},
    Syntax{"wrong-content-range", LieKind::kWrongContentRange, Argument::kNumber},
    Syntax{"ignore-range", LieKind::kIgnoreRange, Argument::kNone},
    Syntax{"ignore-parts", LieKind::kIgnoreParts, Argument::kNone},
    Syntax{"part-etags", LieKind::kPartEtags, Argument::kNone},
    Syntax{"unpack", LieKind::kUnpack, Argument::kText},
    Syntax{"omit-header", LieKind::kOmitHeader, Argument::kText},
    Syntax{"set-header", LieKind::kSetHeader, Argument::kText},
    Syntax{"change", LieKind::kChange, Argument::kNumber},
    Syntax{"error", LieKind::kError, Argument::kStatusAndCode},
    Syntax{"refuse-if-match", LieKind::kRefuseIfMatch, Argument::kNone},
    Syntax{"refuse-checksum-mode", LieKind::kRefuseChecksumMode, Argument::kNone},
    Syntax{"refuse-parts", LieKind::kRefuseParts, Argument::kStatusAndCode},
    Syntax{"wrong-region", LieKind::kWrongRegion, Argument::kText},
    Syntax{"wrong-host", LieKind::kWrongHost, Argument::kText},
    Syntax{"error-in-200", LieKind::kErrorIn200, Argument::kText},
    Syntax{"html", LieKind::kHtml, Argument::kNumber},
    Syntax{"cut-xml", LieKind::kCutXml, Argument::kNumber},
    Syntax{"garbage-xml", LieKind::kGarbageXml, Argument::kNone},
    Syntax{"bomb-xml", LieKind::kBombXml, Argument::kNone},
    Syntax{"empty-listing", LieKind::kEmptyListing, Argument::kNone},
    Syntax{"empty-page", LieKind::kEmptyPage, Argument::kNone},
    Syntax{"reversed-page", LieKind::kReversedPage, Argument::kNone},
    Syntax{"same-page", LieKind::kSamePage, Argument::kNone},
    Syntax{"no-token", LieKind::kNoToken, Argument::kNone},
    Syntax{"no-encoding-type", LieKind::kNoEncodingType, Argument::kNone},
};

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_argument(Argument argument, std::string_view text, Lie& lie) {
  const auto slash = std::min(text.find('/'), text.size());
  switch (argument) {
    case Argument::kNone:
      return text.empty();
    case Argument::kNumber:
      return text.empty() || read_number(text, lie.number);
    case Argument::kText:
      lie.text = text;
      return true;
    case Argument::kStatusAndCode:
      lie.text = text.substr(std::min(slash + 1, text.size()));
      return read_number(text.substr(0, slash), lie.number);
  }
  return false;
}

bool read_count(std::string_view text, Lie& lie) {
  if (text == "always") return true;
  const auto plus = text.find('+');
  if (plus == std::string_view::npos) return read_number(text, lie.count);
  return read_number(text.substr(0, plus), lie.from) &&
         read_number(text.substr(plus + 1), lie.count);
}

// The text up to the next colon, which goes too.
std::string_view next_field(std::string_view& text) {
  const auto end = std::min(text.find(':'), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

}  // namespace

tl::expected<Lie, std::string> parse_lie(std::string_view text) {
  const std::string whole(text);
  const std::string_view name = next_field(text);
  const auto syntax = std::find_if(kSyntax.begin(), kSyntax.end(),
                                   [&](const Syntax& entry) { return entry.name == name; });
  if (syntax == kSyntax.end()) {
    return tl::unexpected(fmt::format("{}: there is no lie called '{}'", whole, name));
  }
  Lie lie;
  lie.kind = syntax->kind;
  const std::string_view method = next_field(text);
  const std::string_view key = next_field(text);
  if (method != "*") lie.method = method;
  if (key != "*") lie.key = key;
  const auto colon = text.rfind(':');
  const bool counted = colon != std::string_view::npos;
  if (!read_argument(syntax->argument, text.substr(0, colon), lie) ||
      (counted && !read_count(text.substr(colon + 1), lie))) {
    return tl::unexpected(fmt::format("{}: the argument or the count cannot be read", whole));
  }
  return lie;
}

}  // namespace fake_s3
