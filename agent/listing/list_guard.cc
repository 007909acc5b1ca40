#include "agent/listing/list_guard.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/log.h"

namespace agent {
namespace {

bool is_the_same(const s3::ListedObject& one, const s3::ListedObject& other) {
  return one.key == other.key && one.version_id == other.version_id && one.etag == other.etag &&
         one.size_bytes == other.size_bytes && one.is_delete_marker == other.is_delete_marker;
}

}  // namespace

ListGuard::PageOrder ListGuard::broken(const char* what, const s3::ListedObject& object) {
  defect_ = fmt::format("names \"{}\" {}", printable(object.key), what);
  return PageOrder::kBroken;
}

ListGuard::PageOrder ListGuard::check_version(const s3::ListedObject& version) {
  if (version.is_latest && std::exchange(has_latest_, true)) {
    return broken("with two versions that are the latest", version);
  }
  if (seen_ > 0 && version.version_id == landmark_) return broken("with a version twice", version);
  // A key may have any number of versions. One of them, renewed ever more seldom, is enough to find
  // a circle of any length (Brent).
  if (++seen_ == next_landmark_) {
    landmark_ = version.version_id;
    next_landmark_ *= 2;
  }
  return PageOrder::kGood;
}

ListGuard::PageOrder ListGuard::check(const s3::ListedObject& object,
                                      const s3::ListedObject* before) {
  const int order = before != nullptr ? object.key.compare(before->key) : 1;
  if (order < 0) return PageOrder::kOutOfOrder;
  if (order == 0 && !versions_) return broken("twice", object);
  if (order > 0) {
    has_latest_ = false;
    seen_ = 0;
    next_landmark_ = 1;
  }
  return versions_ ? check_version(object) : PageOrder::kGood;
}

ListGuard::PageOrder ListGuard::sift(s3::ListPage& page) {
  auto& objects = page.objects;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto* before = kept > 0 ? &objects[kept - 1] : last();
    if (before != nullptr && is_the_same(objects[i], *before)) continue;
    if (const auto verdict = check(objects[i], before); verdict != PageOrder::kGood) return verdict;
    if (kept != i) objects[kept] = std::move(objects[i]);
    ++kept;
  }
  objects.resize(kept);
  if (kept > 0) last_ = objects.back();
  return PageOrder::kGood;
}

}  // namespace agent
