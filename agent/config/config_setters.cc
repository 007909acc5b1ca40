#include "agent/config/config_setters.h"

#include <algorithm>

#include "agent/base/glob.h"

namespace agent {

Complaint set_text(std::string& into, const std::string& value) {
  into = value;
  return std::nullopt;
}

Complaint set_count(unsigned& into, const std::string& value, unsigned low, unsigned high) {
  const auto parsed = parse_number(value, low, high);
  if (!parsed) return fmt::format("\"{}\" is not a number from {} to {}", value, low, high);
  into = static_cast<unsigned>(*parsed);
  return std::nullopt;
}

// What is counted is kept in memory, so there is a bound.
Complaint set_kept(unsigned& into, const std::string& value) {
  constexpr unsigned kMaxNumber = 10'000;
  return set_count(into, value, 0, kMaxNumber);
}

Complaint set_globs(std::vector<std::string>& into, std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    auto glob = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    const auto first = glob.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "an empty pattern stands in the list";
    glob = glob.substr(first, glob.find_last_not_of(" \t") - first + 1);
    if (!glob_is_valid(glob)) return fmt::format("\"{}\" is not a pattern", glob);
    into.emplace_back(glob);
  }
  return std::nullopt;
}

Complaint set_path(std::string& into, const std::string& value) {
  if (value.empty() || value.front() != '/') return "the path has to begin with '/'";
  into = value;
  return std::nullopt;
}

Complaint set_tripwire(std::optional<double>& into, const std::string& value) {
  if (value == "off") {
    into = std::nullopt;
    return std::nullopt;
  }
  const auto share = parse_share(value);
  if (!share) return fmt::format("\"{}\" is neither {} nor off", value, kShareForm);
  into = share;
  return std::nullopt;
}

Complaint set_series(Series& into, const std::string& value) {
  auto series = Series::parse(value);
  if (!series) return std::move(series).error();
  into = *std::move(series);
  return std::nullopt;
}

}  // namespace agent
