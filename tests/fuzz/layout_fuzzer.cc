#include <array>
#include <set>
#include <vector>

#include "store/content/generation_paths.h"
#include "store/content/key_path.h"
#include "store/content/path_check.h"
#include "tests/fuzz/fuzz.h"

// Keys: the input as it is, and stretched by as many of its first byte as its second and third say,
// so that names are cut at every place. The two have different paths.

namespace {

using fuzz::demand;
using store::NameRules;
using store::NameVariant;

constexpr std::array kVariants = {NameVariant::kPlain, NameVariant::kDistinct,
                                  NameVariant::kNarrow};
constexpr std::array kRules = {NameRules::kPosix, NameRules::kPortable};

void check_segment(std::string_view segment, NameRules rules, std::size_t longest) {
  demand(!segment.empty() && segment != "." && segment != "..", "a segment is a name", segment);
  demand(segment.size() <= longest, "a segment is not too long", segment);
  const bool portable = rules == NameRules::kPortable;
  for (const char c : segment) {
    demand(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no byte is a control", segment);
    demand(!portable || std::string_view(":*?\"<>|\\").find(c) == std::string_view::npos,
           "it stands on FAT", segment);
  }
  demand(!portable || (segment.back() != '.' && segment.back() != ' '), "FAT cuts nothing off",
         segment);
}

void check_path(std::string_view path, NameRules rules, NameVariant variant) {
  demand(!path.empty() && path.front() != '/' && path.back() != '/', "a path is relative", path);
  const bool narrow = variant == NameVariant::kNarrow;
  while (!path.empty()) {
    const auto end = path.find('/');
    constexpr std::size_t kNarrowest = 143;
    constexpr std::size_t kLongest = 255;
    check_segment(path.substr(0, end), rules, narrow ? kNarrowest : kLongest);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
  }
}

void check_generation(const std::string& key, NameRules rules) {
  const std::array<std::byte, 32> sha256{};
  std::vector<std::string> all;
  for (const auto place : {store::Place::kSuperseded, store::Place::kQuarantine}) {
    const auto paths = store::generation_paths("site", place, key, rules, {}, sha256);
    demand(!paths.empty(), "there is a place beside a key", key);
    all.insert(all.end(), paths.begin(), paths.end());
  }
  const auto damaged = store::damaged_paths("site", key, rules, {});
  demand(!damaged.empty(), "there is a place for damaged bytes", key);
  all.insert(all.end(), damaged.begin(), damaged.end());
  constexpr std::size_t kLongestBytes = 2048 + 200;
  for (const auto& path : all) {
    demand(store::is_content_path(path, "site"), "it is a path of a content", path);
    demand(path.size() <= kLongestBytes, "a path is not too long", path);
  }
  demand(std::set<std::string>(all.begin(), all.end()).size() == all.size(), "each is another",
         key);
}

void check_key(const std::string& key) {
  for (const auto rules : kRules) {
    std::set<std::string> paths;
    for (const auto variant : kVariants) {
      const auto path = store::path_of_key(key, rules, variant);
      check_path(path, rules, variant);
      const auto named = store::key_of_path(path);
      demand(named && named->key == key && named->variant == variant, "a path names its key", path);
      demand(paths.insert(path).second, "each of a key's names is another", path);
    }
    for (const auto variant : store::variants_of(key, rules)) {
      const auto path = store::archive_path("site", key, rules, variant);
      demand(store::is_content_path(path, "site"), "it is a path of a content", path);
    }
    check_generation(key, rules);
  }
}

std::set<std::string> paths_of(const std::string& key, NameRules rules) {
  std::set<std::string> paths;
  for (const auto variant : kVariants) paths.insert(store::path_of_key(key, rules, variant));
  return paths;
}

void check_apart(const std::string& one, const std::string& other) {
  for (const auto rules : kRules) {
    const auto paths = paths_of(one, rules);
    for (const auto& path : paths_of(other, rules)) {
      demand(!paths.contains(path), "two keys never share a path", one);
    }
  }
}

// The input is a path that somebody has on a disk.
void check_name(const std::string& path) {
  const auto named = store::key_of_path(path);
  if (!named) return;
  demand(store::path_of_key(named->key, NameRules::kPosix, named->variant) == path ||
             store::path_of_key(named->key, NameRules::kPortable, named->variant) == path,
         "what names a key is its path", path);
}

std::string stretched(std::string_view text) {
  constexpr std::size_t kHeadBytes = 3;
  if (text.size() < kHeadBytes) return std::string(text) + "x";
  const auto high = static_cast<unsigned char>(text[1]);
  const auto low = static_cast<unsigned char>(text[2]);
  const auto count = (std::size_t{high} * 256 + low) % store::kLongestKeyBytes + 1;
  auto key = std::string(count, text.front()).append(text.substr(kHeadBytes));
  return key.substr(0, store::kLongestKeyBytes);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const auto input = std::string(fuzz::text_of(data, size_bytes));
  const auto key = input.substr(0, store::kLongestKeyBytes);
  const auto longer = stretched(key);
  check_key(key);
  check_key(longer);
  if (key != longer) check_apart(key, longer);
  check_name(input);
  return 0;
}
