#include "tests/support/object_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace fake_s3 {

std::optional<Object> MemoryBucket::find(const std::string& key,
                                         const std::string& version_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  if (version_id.empty()) return found->second.front();
  for (const Object& object : found->second) {
    if (object.version_id == version_id) return object;
  }
  return std::nullopt;
}

void MemoryBucket::visit(const std::string& from, const Visitor& visitor) const {
  const std::lock_guard lock(mutex_);
  for (auto entry = keys_.lower_bound(from); entry != keys_.end(); ++entry) {
    for (const Object& object : entry->second) {
      if (!visitor(entry->first, object, &object == &entry->second.front())) return;
    }
  }
}

std::optional<std::string> MemoryBucket::put(const std::string& key, Object object) {
  const std::lock_guard lock(mutex_);
  object.version_id = keeps_versions_ ? new_version_id() : "null";
  auto& versions = keys_[key];
  std::erase_if(versions, [&](const Object& old) { return old.version_id == object.version_id; });
  versions.insert(versions.begin(), std::move(object));
  return versions.front().version_id;
}

Bucket::Removal MemoryBucket::remove(const std::string& key, const std::string& version_id) {
  using std::chrono::system_clock;
  const std::lock_guard lock(mutex_);
  if (version_id.empty() && keeps_versions_) {
    Object marker;
    marker.version_id = new_version_id();
    marker.delete_marker = true;
    marker.last_modified = std::chrono::floor<std::chrono::seconds>(system_clock::now());
    auto& versions = keys_[key];
    versions.insert(versions.begin(), marker);
    return {true, marker.version_id};
  }
  const auto found = keys_.find(key);
  if (found == keys_.end()) return {};
  const std::string id = version_id.empty() ? "null" : version_id;
  Removal removal{false, version_id};
  std::erase_if(found->second, [&](const Object& object) {
    if (object.version_id != id) return false;
    removal.delete_marker = object.delete_marker;
    return true;
  });
  if (found->second.empty()) keys_.erase(found);
  return removal;
}

bool MemoryBucket::keeps_versions() const {
  const std::lock_guard lock(mutex_);
  return keeps_versions_;
}

void MemoryBucket::keep_versions() {
  const std::lock_guard lock(mutex_);
  keeps_versions_ = true;
}

bool MemoryBucket::edit(const std::string& key, const std::function<void(Object&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end()) return false;
  change(found->second.front());
  return true;
}

std::shared_ptr<Bucket> MemoryBucket::clone() const {
  const std::lock_guard lock(mutex_);
  auto copy = std::make_shared<MemoryBucket>();
  copy->keys_ = keys_;  // contents are shared: nobody changes one
  copy->keeps_versions_ = keeps_versions_;
  copy->versions_made_ = versions_made_;
  return copy;
}

std::string MemoryBucket::new_version_id() {
  return fmt::format("v{:016x}", mixed(++versions_made_));
}

std::shared_ptr<Bucket> ObjectStore::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(name);
  if (found != buckets_.end()) return found->second;
  const bool plain = !name.empty() && name[0] != '.' && name.find('/') == std::string::npos;
  const std::string path = root_ + "/" + name;
  struct stat status {};
  if (root_.empty() || !plain || stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return nullptr;
  }
  return std::make_shared<DirectoryBucket>(path, cache_);
}

std::shared_ptr<MemoryBucket> ObjectStore::memory(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& bucket = buckets_[name];
  if (!bucket) bucket = std::make_shared<MemoryBucket>();
  return std::dynamic_pointer_cast<MemoryBucket>(bucket);
}

void ObjectStore::add(const std::string& name, std::shared_ptr<Bucket> bucket) {
  const std::lock_guard lock(mutex_);
  buckets_[name] = std::move(bucket);
}

namespace {

ObjectStore::Buckets copy_of(const ObjectStore::Buckets& buckets) {
  ObjectStore::Buckets copies;
  for (const auto& [name, bucket] : buckets) {
    auto copy = bucket->clone();
    copies[name] = copy ? std::move(copy) : bucket;
  }
  return copies;
}

}  // namespace

ObjectStore::Buckets ObjectStore::snapshot() const {
  const std::lock_guard lock(mutex_);
  return copy_of(buckets_);
}

void ObjectStore::restore(const Buckets& buckets) {
  const std::lock_guard lock(mutex_);
  buckets_ = copy_of(buckets);
}

}  // namespace fake_s3
