#include <algorithm>
#include <array>
#include <string>

#include "agent/config/name_date.h"

// The time of day next to a date.
namespace agent::name_date {
namespace {

struct Cursor {
  std::string_view name;
  std::size_t at = 0;
  std::string form{};

  char here() const { return char_at(name, at); }
  std::size_t digits() const { return digits_at(name, at); }
  int number(std::size_t offset) const { return number_at(name, at + offset, 2); }
  void pass(std::size_t bytes, std::string_view as) {
    at += bytes;
    form += as;
  }
};

constexpr std::size_t kMaxGap = 4;

bool is_gap(char c) {
  constexpr std::string_view kGaps = "-_. @+~,";
  return c != '\0' && kGaps.find(c) != std::string_view::npos;
}

// What stands between the two; '\0' where no time can follow. 'T' binds them, '/' makes a folder.
char read_gap(Cursor& cursor) {
  const char first = cursor.here();
  if (first == 'T' || first == 't' || first == '/') {
    cursor.pass(1, first == '/' ? "/" : "T");
    return first == '/' ? '/' : 'T';
  }
  std::size_t length = 0;
  while (length < kMaxGap && is_gap(char_at(cursor.name, cursor.at + length))) ++length;
  const auto word = cursor.at + length;
  if (has_word(cursor.name, word, "at") && is_gap(char_at(cursor.name, word + 2))) {
    cursor.pass(length + 3, "-at-");
    return '@';
  }
  if (length == 0) return '\0';
  const char last = cursor.name[word - 1];
  cursor.pass(length, std::string(cursor.name.substr(cursor.at, length)));
  return last;
}

bool valid(int hour, int minute, int second = 0) { return hour < 24 && minute < 60 && second < 61; }

bool read_compact(Cursor& cursor, char gap) {
  if (cursor.digits() == 6) {
    if (!valid(cursor.number(0), cursor.number(2), cursor.number(4))) return false;
    cursor.pass(6, "hhmmss");
    return true;
  }
  if (!valid(cursor.number(0), cursor.number(2))) return false;
  const bool bound = gap == 'T' || gap == '@';
  // 0001 is more often the first part than a minute past midnight.
  if (!bound && cursor.number(0) == 0 && cursor.number(2) != 0) return false;
  const char after = char_at(cursor.name, cursor.at + 4);
  if (gap == '/' && after != '/' && after != '\0') return false;
  cursor.pass(4, "hhmm");
  return true;
}

// "02h00m00s" and shorter.
bool read_lettered(Cursor& cursor) {
  if (digits_at(cursor.name, cursor.at + 3) != 2 || !valid(cursor.number(0), cursor.number(3))) {
    return false;
  }
  cursor.pass(5, "hhhmm");
  if (cursor.here() != 'm') return true;
  cursor.pass(1, "m");
  if (cursor.digits() == 2 && char_at(cursor.name, cursor.at + 2) == 's') cursor.pass(3, "sss");
  return true;
}

bool read_spaced(Cursor& cursor, char gap, char date_separator) {
  const char between = char_at(cursor.name, cursor.at + 2);
  if (between == 'h') return read_lettered(cursor);
  constexpr std::string_view kBetween = ":-_.";
  const bool spaced = between != '\0' && kBetween.find(between) != std::string_view::npos &&
                      digits_at(cursor.name, cursor.at + 3) == 2;
  if (!spaced || !valid(cursor.number(0), cursor.number(3))) {
    // "T02" is an hour, "-02" may be the second part.
    if (gap != 'T' || cursor.number(0) >= 24) return false;
    cursor.pass(2, "hh");
    return true;
  }
  const bool has_seconds = char_at(cursor.name, cursor.at + 5) == between &&
                           digits_at(cursor.name, cursor.at + 6) == 2 && cursor.number(6) < 61;
  const std::string separator(1, between);
  if (has_seconds) {
    cursor.pass(8, "hh" + separator + "mm" + separator + "ss");
    return true;
  }
  // "16.10.0" is a version.
  const bool goes_on = between == '.' && char_at(cursor.name, cursor.at + 5) == '.' &&
                       is_digit(char_at(cursor.name, cursor.at + 6));
  if (goes_on) return false;
  const bool alike = between == gap && between != date_separator;
  if (between != ':' && alike) return false;
  cursor.pass(5, "hh" + separator + "mm");
  return true;
}

void read_half_of_day(Cursor& cursor) {
  const std::size_t gap = is_gap(cursor.here()) ? 1 : 0;
  for (const std::string_view half : {"am", "pm"}) {
    const auto word = cursor.at + gap;
    if (!has_word(cursor.name, word, half) || is_letter(char_at(cursor.name, word + 2))) continue;
    cursor.pass(gap + 2, "am");
    return;
  }
}

void read_fraction(Cursor& cursor) {
  const auto digits = digits_at(cursor.name, cursor.at + 1);
  if (digits == 0) return;
  // Home Assistant writes seconds and microseconds so, after "hh.mm".
  const bool after_dots = cursor.form.ends_with("hh.mm") && cursor.here() == '_' && digits == 8;
  const bool point = cursor.here() == '.' || cursor.here() == ',';
  const char next = char_at(cursor.name, cursor.at + 1 + digits);
  // ".001" is a part.
  const bool exact = digits == 6 || digits == 9 || next == 'Z' || next == '+';
  if (after_dots || (point && exact)) cursor.pass(1 + digits, ".f");
}

void read_zone(Cursor& cursor, char gap) {
  const char c = cursor.here();
  const char after = char_at(cursor.name, cursor.at + 1);
  if ((c == 'Z' || c == 'z') && !is_letter(after) && !is_digit(after)) return cursor.pass(1, "Z");
  if (c == '+' || (c == '-' && gap == 'T')) {
    const auto digits = digits_at(cursor.name, cursor.at + 1);
    if (digits == 4) return cursor.pass(5, "Z");
    const bool spaced = digits == 2 && char_at(cursor.name, cursor.at + 3) == ':' &&
                        digits_at(cursor.name, cursor.at + 4) == 2;
    if (spaced) cursor.pass(6, "Z");
    return;
  }
  constexpr std::array<std::string_view, 16> kZones = {"utc", "gmt", "cet",  "cest", "est", "edt",
                                                       "cst", "cdt", "mst",  "mdt",  "pst", "pdt",
                                                       "bst", "eet", "eest", "msk"};
  // Apart, most of them may as well be names.
  constexpr std::size_t kKnownApart = 4;
  const std::size_t space = is_gap(c) ? 1 : 0;
  for (std::size_t i = 0; i < (space == 0 ? kZones.size() : kKnownApart); ++i) {
    const auto end = cursor.at + space + kZones[i].size();
    if (!has_word(cursor.name, cursor.at + space, kZones[i])) continue;
    if (is_letter(char_at(cursor.name, end)) || is_digit(char_at(cursor.name, end))) continue;
    return cursor.pass(end - cursor.at, "Z");
  }
}

}  // namespace

std::optional<TimeOfDay> time_next_to(std::string_view name, std::size_t at, char date_separator) {
  Cursor cursor{name, at};
  const char gap = read_gap(cursor);
  if (gap == '\0') return std::nullopt;
  // The second date of two is no time of day.
  if (gap != 'T' && date_at(name, cursor.at)) return std::nullopt;
  const auto digits = cursor.digits();
  bool taken = false;
  if (digits == 6 || digits == 4) taken = read_compact(cursor, gap);
  if (digits == 2) taken = read_spaced(cursor, gap, date_separator);
  if (!taken) return std::nullopt;
  read_half_of_day(cursor);
  read_fraction(cursor);
  read_zone(cursor, gap);
  return TimeOfDay{cursor.at, std::move(cursor.form)};
}

std::size_t digits_at(std::string_view name, std::size_t at) {
  std::size_t count = 0;
  while (is_digit(char_at(name, at + count))) ++count;
  return count;
}

int number_at(std::string_view name, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = char_at(name, at + i);
    number = number * 10 + (is_digit(c) ? c - '0' : 0);
  }
  return number;
}

char char_at(std::string_view name, std::size_t at) { return at < name.size() ? name[at] : '\0'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool has_word(std::string_view name, std::size_t at, std::string_view word) {
  if (at > name.size() || name.size() - at < word.size()) return false;
  const auto there = name.substr(at, word.size());
  return std::equal(there.begin(), there.end(), word.begin(), [](char c, char small) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) == small;
  });
}

}  // namespace agent::name_date
