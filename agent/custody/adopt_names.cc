#include "agent/custody/adopt_names.h"

#include <algorithm>
#include <optional>

#include "store/content/key_path.h"

namespace agent {
namespace {

constexpr std::size_t kLongestSegmentBytes = 255;

// Whether a file can have this path as it is.
bool is_path(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  while (true) {
    const auto slash = text.find('/');
    const auto segment = text.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.size() > kLongestSegmentBytes) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

void add(std::vector<std::string>& to, std::string one) {
  if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(std::move(one));
}

}  // namespace

std::vector<std::string> AdoptNames::paths_of(std::string_view key) const {
  std::vector<std::string> paths;
  if (!key.starts_with(strip_) || !store::can_have_path(key)) return paths;
  key.remove_prefix(strip_.size());
  const bool half_a_segment = !strip_.empty() && !strip_.ends_with('/');
  if (half_a_segment && key.starts_with('/')) key.remove_prefix(1);
  if (key.empty()) return paths;
  if (is_path(key)) add(paths, std::string(key));
  for (const auto rules : {store::NameRules::kPosix, store::NameRules::kPortable}) {
    for (const auto variant : store::variants_of(key, rules)) {
      add(paths, store::path_of_key(key, rules, variant));
    }
  }
  return paths;
}

std::vector<std::string> AdoptNames::keys_of(const std::string& path) const {
  std::vector<std::string> names;
  const auto named = store::key_of_path(path);
  // Nobody else calls a file so.
  if (named && named->variant != store::NameVariant::kPlain) add(names, named->key);
  add(names, path);
  if (named) add(names, named->key);
  std::vector<std::string> keys;
  const bool half_a_segment = !strip_.empty() && !strip_.ends_with('/');
  for (const auto& name : names) {
    if (half_a_segment) add(keys, strip_ + "/" + name);
    add(keys, strip_ + name);
  }
  return keys;
}

std::vector<std::string> likely_strips(std::string_view key) {
  std::vector<std::string> strips;
  for (auto slash = key.find('/'); slash != std::string_view::npos;
       slash = key.find('/', slash + 1)) {
    strips.emplace_back(key.substr(0, slash + 1));
  }
  return strips;
}

}  // namespace agent
