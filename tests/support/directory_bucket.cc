#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/object_store.h"

namespace fake_s3 {
namespace {

namespace fs = std::filesystem;

std::optional<Object> object_at(const std::string& path, const std::shared_ptr<Md5Cache>& cache) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  Md5Cache::Stamp stamp;
  stamp.size_bytes = static_cast<std::uint64_t>(status.st_size);
  stamp.modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  stamp.inode = status.st_ino;
  Object object;
  object.content = std::make_shared<FileContent>(path, stamp, cache);
  object.last_modified = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
  return object;
}

bool write_file(const std::string& path, const Content& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  std::string chunk;
  for (std::uint64_t offset = 0; offset < content.size_bytes(); offset += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(256 * 1024, content.size_bytes() - offset));
    if (!content.read(offset, chunk)) return false;
    file.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  }
  file.close();
  return file.good();
}

}  // namespace

std::optional<std::string> DirectoryBucket::path_of(const std::string& key) const {
  const fs::path relative(key);
  // Only a key that comes back unchanged as a path below the bucket: no "..", no "//".
  const bool odd = key.empty() || relative.is_absolute() || key.find('\0') != std::string::npos ||
                   relative.lexically_normal().string() != key || key.starts_with("..") ||
                   key == "." || key.ends_with('/');
  if (odd) return std::nullopt;
  return path_ + "/" + key;
}

std::optional<Object> DirectoryBucket::find(const std::string& key,
                                            const std::string& version_id) const {
  const auto path = path_of(key);
  if (!path || (!version_id.empty() && version_id != "null")) return std::nullopt;
  return object_at(*path, cache_);
}

void DirectoryBucket::visit(const std::string& from, const Visitor& visitor) const {
  std::vector<std::string> keys;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path_, error), end; entry != end && !error;
       entry.increment(error)) {
    std::string key = entry->path().string().substr(path_.size() + 1);
    if (key >= from) keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    const auto object = object_at(path_ + "/" + key, cache_);
    if (object && !visitor(key, *object, true)) return;
  }
}

std::optional<std::string> DirectoryBucket::put(const std::string& key, Object object) {
  const auto path = path_of(key);
  if (!path || !object.content) return std::nullopt;
  std::error_code error;
  fs::create_directories(fs::path(*path).parent_path(), error);
  // Beside the bucket, where no listing sees it half-written.
  const std::string upload =
      fmt::format("{}.upload-{:x}", path_, mixed(std::hash<std::string>()(key)));
  if (!write_file(upload, *object.content)) return std::nullopt;
  fs::rename(upload, *path, error);
  return error ? std::nullopt : std::optional<std::string>("null");
}

Bucket::Removal DirectoryBucket::remove(const std::string& key, const std::string& /*version_id*/) {
  if (const auto path = path_of(key)) unlink(path->c_str());
  return {};
}

}  // namespace fake_s3
