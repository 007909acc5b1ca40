#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

/// A time that is written in a name.
struct NameTime {
  std::size_t begin = 0;
  std::size_t end = 0;   ///< one past its last byte
  std::string form;      ///< how it is spelled, as "YYYYMMDD-hhmmss"
  std::int64_t day = 0;  ///< days since 1970, as written
  int year = 0;          ///< 0: the order of its day and month is not known
  int month = 0;
};

/// The times in a name, from the left, none within another. A time is a date with four digits of
/// its year (2000 to 2099) and a day that there is, alone or with a time of day next to it, or an
/// epoch from 2010 to 2033 in seconds or milliseconds. Numbers that could as well be parts,
/// machines, addresses or versions are none; nor is what lies within a UUID or a hash. Two digits
/// after a date are no hour, and four that begin with 00 and are not 0000 no minute past midnight:
/// they may be the number of a part.
std::vector<NameTime> times_in(std::string_view name);

}  // namespace agent
