#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The pieces that agent/config/name_time.h is made of.
namespace agent::name_date {

/// A date, or an epoch.
struct Date {
  std::size_t end = 0;
  std::string form;
  char separator = '\0';  ///< between its parts; none in "YYYYMMDD"
  std::int64_t day = 0;
  int year = 0;
  int month = 0;
  bool may_have_time = true;  ///< it does not tell one yet
  bool needs_time = false;    ///< without a time of day next to it, it may as well be a version
};

/// The date that begins at `at`. What stands before it is not looked at, but for what would make it
/// the end of something longer.
std::optional<Date> date_at(std::string_view name, std::size_t at);

/// A time of day next to a date that ends at `at`.
struct TimeOfDay {
  std::size_t end = 0;
  std::string form;
};
std::optional<TimeOfDay> time_next_to(std::string_view name, std::size_t at, char date_separator);

/// How many digits stand at `at`.
std::size_t digits_at(std::string_view name, std::size_t at);
/// The number that `count` digits at `at` spell.
int number_at(std::string_view name, std::size_t at, std::size_t count);
/// '\0' beyond the end.
char char_at(std::string_view name, std::size_t at);
bool is_digit(char c);
bool is_letter(char c);
/// Whether `word`, in small letters, stands at `at`, in letters of either case.
bool has_word(std::string_view name, std::size_t at, std::string_view word);

}  // namespace agent::name_date
