#include <fmt/format.h>

#include <algorithm>

#include "tests/support/object_store.h"

namespace fake_s3 {
namespace {

constexpr std::string_view kPrefix = "backup-";
constexpr std::string_view kSuffix = ".tar.zst";
constexpr std::chrono::sys_days kFirstDay{std::chrono::year(2024) / 1 / 1};

// Seven digits; more only where seven do not do, so that byte order stays number order.
int digits(std::uint64_t count) {
  return static_cast<int>(std::max<std::size_t>(7, std::to_string(count).size()));
}

std::string key_of(std::uint64_t number, std::uint64_t count) {
  return fmt::format("{}{:0{}}{}", kPrefix, number, digits(count), kSuffix);
}

Object object_of(std::uint64_t number) {
  Object object;
  const std::uint64_t hash = mixed(number);
  object.content = std::make_shared<PatternContent>(hash, 32 + hash % 224);
  object.last_modified = kFirstDay + std::chrono::minutes(number);
  return object;
}

}  // namespace

std::optional<Object> SyntheticBucket::find(const std::string& key,
                                            const std::string& version_id) const {
  if (!version_id.empty() && version_id != "null") return std::nullopt;
  if (key.size() <= kPrefix.size() + kSuffix.size()) return std::nullopt;
  const auto number = parse_number(
      std::string_view(key).substr(kPrefix.size(), key.size() - kPrefix.size() - kSuffix.size()));
  if (!number || *number < 1 || *number > count_ || key != key_of(*number, count_)) {
    return std::nullopt;
  }
  return object_of(*number);
}

void SyntheticBucket::visit(const std::string& from, const Visitor& visitor) const {
  std::uint64_t first = 1;
  for (std::uint64_t end = count_ + 1; first < end;) {
    const std::uint64_t middle = first + (end - first) / 2;
    if (key_of(middle, count_) < from) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  for (; first <= count_; ++first) {
    if (!visitor(key_of(first, count_), object_of(first), true)) return;
  }
}

std::optional<std::string> SyntheticBucket::put(const std::string& /*key*/, Object /*object*/) {
  return std::nullopt;
}

Bucket::Removal SyntheticBucket::remove(const std::string& /*key*/,
                                        const std::string& /*version_id*/) {
  return {};
}

}  // namespace fake_s3
