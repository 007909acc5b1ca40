#include "agent/base/glob.h"

#include <cstddef>

namespace agent {
namespace {

constexpr auto kNone = std::string_view::npos;

// The end of the set that begins at `pattern[at] == '['`; kNone when it has none. A ']' right after
// the beginning stands for itself, as in the shell.
std::size_t end_of_set(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  return pattern.find(']', i);
}

bool set_matches(std::string_view set, char c) {
  const bool negated = !set.empty() && (set.front() == '!' || set.front() == '^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto low = static_cast<unsigned char>(set[i]);
    auto high = low;
    if (i + 2 < set.size() && set[i + 1] == '-') {
      high = static_cast<unsigned char>(set[i + 2]);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    found = found || (low <= byte && byte <= high);
  }
  return found != negated;
}

// One element that matches exactly one byte: its length in the pattern, 0 when it does not match.
std::size_t match_one(std::string_view pattern, std::size_t at, char c) {
  switch (pattern[at]) {
    case '?':
      return c != '/' ? 1 : 0;
    case '[': {
      const auto end = end_of_set(pattern, at);
      if (end == kNone) return c == '[' ? 1 : 0;
      return c != '/' && set_matches(pattern.substr(at + 1, end - at - 1), c) ? end - at + 1 : 0;
    }
    case '\\':
      return at + 1 < pattern.size() && pattern[at + 1] == c ? 2 : 0;
    default:
      return pattern[at] == c ? 1 : 0;
  }
}

// Where to go on when what follows a star did not match: the star swallows one byte more.
struct Star {
  std::size_t pattern = kNone;  // behind the star
  std::size_t text = 0;         // the first byte it has not swallowed
  bool directories = false;     // "**/": swallows whole directories, or none
};

// Lets the star swallow one byte more, or one directory more; false when there is none.
bool swallow(Star& star, std::string_view text) {
  if (star.pattern == kNone || star.text >= text.size()) return false;
  if (star.directories) {
    const auto slash = text.find('/', star.text);
    if (slash == kNone) return false;
    star.text = slash;
  }
  ++star.text;
  return true;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  Star single;
  Star any;
  std::size_t p = 0;
  std::size_t t = 0;
  while (true) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool crosses = p + 1 < pattern.size() && pattern[p + 1] == '*';
      if (crosses) {
        const bool directories =
            (p == 0 || pattern[p - 1] == '/') && pattern.substr(p + 2, 1) == "/";
        p += directories ? 3 : 2;
        any = Star{p, t, directories};
        single = Star{};
      } else {
        p += 1;
        single = Star{p, t, false};
      }
      continue;
    }
    if (t == text.size() && p == pattern.size()) return true;
    if (t < text.size() && p < pattern.size()) {
      if (const auto length = match_one(pattern, p, text[t]); length > 0) {
        p += length;
        ++t;
        continue;
      }
    }
    if (single.text < text.size() && text[single.text] != '/' && swallow(single, text)) {
      p = single.pattern;
      t = single.text;
      continue;
    }
    if (swallow(any, text)) {
      p = any.pattern;
      t = any.text;
      single = Star{};
      continue;
    }
    return false;
  }
}

bool glob_is_valid(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i == pattern.size()) return false;
    } else if (pattern[i] == '[') {
      i = end_of_set(pattern, i);
      if (i == kNone) return false;
    }
  }
  return !pattern.empty();
}

}  // namespace agent
