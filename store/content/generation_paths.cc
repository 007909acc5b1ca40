#include "store/content/generation_paths.h"

#include <fmt/format.h>

#include "store/content/digest.h"

namespace store {
namespace {

// 20260131T020000Z. A date that no calendar has came from a liar, and names the epoch.
std::string written_out(std::chrono::sys_seconds time) {
  using std::chrono::days;
  auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  constexpr int kLastYear = 9999;
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > kLastYear) return written_out(std::chrono::sys_seconds{});
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", year, static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace

std::string_view name_of(Place place) {
  return place == Place::kSuperseded ? "superseded" : "quarantine";
}

std::vector<std::string> generation_paths(std::string_view source, Place place,
                                          std::string_view key, NameRules rules,
                                          UpstreamTime last_modified,
                                          std::span<const std::byte> sha256) {
  const auto when = written_out(at_its_word(last_modified));
  const auto digest = to_hex(sha256);
  const auto path = [&](NameVariant variant, std::size_t digits) {
    return fmt::format("{}/{}/{}/{}-{}", source, name_of(place), path_of_key(key, rules, variant),
                       when, std::string_view(digest).substr(0, digits));
  };
  constexpr std::size_t kIdDigits = 8;
  std::vector<std::string> paths;
  for (const auto variant : variants_of(key, rules)) {
    paths.push_back(path(variant, kIdDigits));
    if (variant != NameVariant::kPlain) paths.push_back(path(variant, digest.size()));
  }
  return paths;
}

std::vector<std::string> damaged_paths(std::string_view source, std::string_view key,
                                       NameRules rules, std::chrono::sys_seconds when) {
  std::vector<std::string> paths;
  for (const auto variant : variants_of(key, rules)) {
    if (variant == NameVariant::kPlain) continue;
    paths.push_back(fmt::format("{}/damaged/{}/{}", source, path_of_key(key, rules, variant),
                                written_out(when)));
  }
  return paths;
}

}  // namespace store
