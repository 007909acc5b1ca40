#include "agent/config/series_auto.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/config/backup_set.h"
#include "agent/config/name_date.h"
#include "agent/config/name_time.h"

namespace agent {
namespace {

using name_date::is_digit;
using name_date::is_letter;

// What is replaced.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string form;
};

bool is_same_number(std::string_view digits, int number, std::size_t width) {
  return digits.size() == width && name_date::digits_at(digits, 0) == width &&
         name_date::number_at(digits, 0, width) == number;
}

// Folders of the year and the month before the date they are of.
void add_folders(std::string_view key, const NameTime& own, std::vector<Piece>& pieces) {
  if (own.year == 0) return;
  bool after_year = false;
  for (std::size_t begin = 0; begin < own.begin;) {
    const auto end = key.find('/', begin);
    if (end == std::string_view::npos || end >= own.begin) return;
    const auto folder = key.substr(begin, end - begin);
    const bool year = is_same_number(folder, own.year, 4);
    const auto month = folder.size() > 2 ? folder.substr(folder.size() - 2) : folder;
    const auto rest = folder.substr(0, folder.size() - month.size());
    const bool of_year = rest.empty()
                             ? after_year
                             : is_same_number(rest.substr(0, 4), own.year, 4) &&
                                   (rest.size() == 4 || (rest.size() == 5 && !is_digit(rest[4])));
    if (year) pieces.push_back({begin, end, "YYYY"});
    if (!year && of_year && is_same_number(month, own.month, 2)) {
      pieces.push_back({begin, end, rest.empty() ? "MM" : "YYYY-MM"});
    }
    after_year = year;
    begin = end + 1;
  }
}

bool is_small_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// "backup_TIME_NAME_0123456789ab-plugins.zip": the twelve are other ones each time.
std::optional<Piece> updraft_token(std::string_view key, std::size_t time_begin,
                                   std::size_t time_end) {
  constexpr std::string_view kBefore = "backup_";
  constexpr std::size_t kToken = 12;
  constexpr std::array<std::string_view, 8> kEntities = {
      "db", "plugins", "themes", "uploads", "others", "mu-plugins", "wpcore", "more"};
  if (!key.substr(0, time_begin).ends_with(kBefore)) return std::nullopt;
  for (auto at = key.find('_', time_end); at != std::string_view::npos;
       at = key.find('_', at + 1)) {
    const auto token = key.substr(at + 1, kToken);
    const auto rest = key.substr(std::min(at + 1 + token.size(), key.size()));
    if (token.size() < kToken || !is_small_hex(token) || !rest.starts_with('-')) continue;
    const bool entity = std::ranges::any_of(
        kEntities, [&](std::string_view one) { return rest.substr(1).starts_with(one); });
    if (entity) return Piece{at + 1, at + 1 + kToken, "*"};
  }
  return std::nullopt;
}

// "site-HOST-TIME-0123456789abcdef.jpa", ".j01": likewise.
std::optional<Piece> akeeba_token(std::string_view key, std::size_t time_end) {
  constexpr std::size_t kToken = 16;
  constexpr std::size_t kShortestHex = 8;
  const auto dot = key.rfind('.');
  if (dot == std::string_view::npos || dot < time_end) return std::nullopt;
  const auto extension = key.substr(dot + 1);
  const bool part = extension.size() >= 3 && extension[0] == 'j' &&
                    name_date::digits_at(extension, 1) + 1 == extension.size();
  if (extension != "jpa" && extension != "jps" && !part) return std::nullopt;
  const auto dash = key.rfind('-', dot);
  if (dash == std::string_view::npos || dash < time_end) return std::nullopt;
  const auto token = key.substr(dash + 1, dot - dash - 1);
  const bool plain = std::ranges::all_of(token, [](char c) { return is_digit(c) || is_letter(c); });
  const bool mixed = std::ranges::any_of(token, is_digit) && std::ranges::any_of(token, is_letter);
  const bool random = (token.size() == kToken && plain && mixed) ||
                      (token.size() >= kShortestHex && is_small_hex(token));
  if (!random) return std::nullopt;
  return Piece{dash + 1, dot, "*"};
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    out += c;
    if (c == '{') out += c;
  }
}

std::string with_replaced(std::string_view key, std::vector<Piece> pieces) {
  std::ranges::sort(pieces, {}, &Piece::begin);
  std::string out;
  out.reserve(key.size());
  std::size_t at = 0;
  for (const auto& piece : pieces) {
    if (piece.begin < at) continue;
    append_escaped(out, key.substr(at, piece.begin - at));
    out += '{';
    out += piece.form;
    out += '}';
    at = piece.end;
  }
  append_escaped(out, key.substr(at));
  return out;
}

}  // namespace

BackupName backup_name(std::string_view key) {
  auto times = times_in(key);
  if (times.empty()) return {with_replaced(key, {}), key.size(), false};
  const auto index = own_time_of(times);
  const auto& own = times[index];
  const auto own_end = own.end;
  std::vector<Piece> pieces;
  add_folders(key, own, pieces);
  auto token = updraft_token(key, own.begin, own_end);
  if (!token) token = akeeba_token(key, own_end);
  for (auto& time : times) {
    const bool near = std::max(time.day, own.day) - std::min(time.day, own.day) <= kNearTimesDays;
    if (near) pieces.push_back({time.begin, time.end, std::move(time.form)});
  }
  if (token) pieces.push_back(*std::move(token));
  return {with_replaced(key, std::move(pieces)), own_end, true};
}

}  // namespace agent
