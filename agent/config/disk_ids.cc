#include "agent/config/disk_ids.h"

#include <fmt/format.h>

#include <algorithm>

namespace agent {
namespace {

constexpr std::size_t kMaxDisks = 2;
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

Result<std::vector<std::string>> parse_disk_ids(std::string_view value) {
  std::vector<std::string> ids;
  if (trimmed(value).empty()) return ids;
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto comma = std::min(value.find(',', begin), value.size());
    const auto id = trimmed(value.substr(begin, comma - begin));
    begin = comma + 1;
    if (id.empty()) return std::string("an id is missing before or after a comma");
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
      return fmt::format("the id {} is given twice", id);
    }
    ids.emplace_back(id);
  }
  if (ids.size() <= kMaxDisks) return ids;
  return fmt::format("{} disks are named, but only two can take turns; remove {}", ids.size(),
                     ids.size() == 3 ? "one" : "the others");
}

}  // namespace agent
