#include "agent/base/printable.h"
#include "agent/config/series.h"
#include "tests/fuzz/fuzz.h"

// A value for "series" on the first line, and then a key, which may hold anything.

using fuzz::demand;

namespace {

// Without what stands for a time; "{{" is a brace of the key.
std::string fixed_part_of(std::string_view stream) {
  std::string fixed;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    const bool is_brace = stream[at] == '{';
    if (!is_brace || stream.substr(at, 2) == "{{") {
      fixed += stream[at];
      if (is_brace) ++at;
      continue;
    }
    at = stream.find('}', at);
    demand(at != std::string_view::npos, "what is replaced has an end", stream);
  }
  return fixed;
}

// What is left of `whole` when some of it is taken out.
bool is_left_of(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : whole) {
    if (at < part.size() && part[at] == c) ++at;
  }
  return at == part.size();
}

}  // namespace

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
  const auto place = series->place(key);
  demand(place.set_bytes <= key.size(), "a set is named by a beginning of the key", key);
  if (value == "auto") {
    demand(key.empty() == name.empty(), "every key has a stream", name);
    demand(is_left_of(fixed_part_of(name), key), "only times are replaced", name);
  } else if (name.find('/') == std::string::npos) {
    demand(key.find(name) != std::string_view::npos, "one group is a part of the key", name);
  }
  return 0;
}
