#include "agent/printable.h"
#include "agent/series.h"
#include "tests/fuzz/fuzz.h"

// A value for "series" on the first line, and then a key, which may hold anything.

using fuzz::demand;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  constexpr std::size_t kLongestKeyBytes = 1024;
  auto key = fuzz::text_of(data, size_bytes);
  const auto value = std::string(fuzz::next_line(key));
  key = key.substr(0, kLongestKeyBytes);
  const auto series = agent::Series::parse(value);
  if (!series) {
    demand(!series.error().empty(), "what is wrong is said");
    return 0;
  }
  demand(series->spec() == value, "the value is what was written", series->spec());
  const auto name = series->of(key);
  demand(series->of(key) == name, "a key has one series", value);
  if (value == "auto") {
    demand(name.find_first_of("0123456789") == std::string::npos, "numbers do not count", name);
  } else {
    demand(key.find(name) != std::string_view::npos, "a series' name is a part of the key", name);
  }
  return 0;
}
