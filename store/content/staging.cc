#include "store/content/staging.h"

#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <vector>

#include "store/content/digest.h"
#include "store/content/layout.h"

namespace store {
namespace {

constexpr std::size_t kNameHashBytes = 16;

Result<std::unique_ptr<File>> open_or_create(Disk& disk, const std::string& path) {
  auto file = disk.open(path, OpenMode::kCreate);
  if (!file && file.error().kind == ErrorKind::kNotFound) {
    if (auto made = disk.make_directory(kStagingDirectory); !made) {
      return made.error();
    }
    file = disk.open(path, OpenMode::kCreate);
  }
  // What is finished is fetched again, or was when a crash came before it was placed.
  if (!file && file.error().error_number == EACCES) {
    if (auto writable = disk.set_finished(path, false); !writable) {
      return writable.error();
    }
    file = disk.open(path, OpenMode::kCreate);
  }
  return file;
}

Status check_is_staged(std::string_view path) {
  const bool below = path.starts_with(kStagingDirectory) &&
                     path.size() > kStagingDirectory.size() &&
                     path[kStagingDirectory.size()] == '/';
  if (below && path.find('/', kStagingDirectory.size() + 1) == std::string_view::npos) return {};
  return Error{ErrorKind::kRefusedName, 0, std::string(path), "not in the staging directory"};
}

}  // namespace

std::string staging_path(std::string_view source, std::string_view key, std::string_view version_id,
                         std::string_view etag, std::uint64_t size_bytes) {
  DigestSet set({DigestRequest{Algorithm::kSha256, {}}});
  for (const std::string_view part : {key, version_id, etag}) {
    // The length before each keeps "ab" and "c" apart from "a" and "bc".
    const std::string field = fmt::format("{}:{}", part.size(), part);
    set.update(std::as_bytes(std::span(field)));
  }
  const std::string size = fmt::format("{}", size_bytes);
  set.update(std::as_bytes(std::span(size)));
  const RawDigest digest = set.finish().front();
  return fmt::format("{}/{}.{}", kStagingDirectory, source,
                     to_hex(std::span(digest).first(std::min(digest.size(), kNameHashBytes))));
}

Result<StagedFile> Staging::open(const std::string& path, std::uint64_t at_most_bytes) {
  if (auto staged = check_is_staged(path); !staged) return staged.error();
  auto file = open_or_create(*disk_, path);
  if (!file) return file.error();
  const auto size_bytes = (*file)->size();
  if (!size_bytes) return size_bytes.error();
  StagedFile staged{std::move(*file), *size_bytes};
  if (staged.size_bytes > at_most_bytes) {
    if (auto emptied = staged.file->truncate(0); !emptied) return emptied.error();
    staged.size_bytes = 0;
  }
  return staged;
}

Status Staging::clear(const std::string& path) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  if (auto made = disk_->make_directory(kStagingDirectory); !made) return made;
  return disk_->remove_file(path);
}

Result<std::unique_ptr<File>> Staging::create(const std::string& path) {
  if (auto cleared = clear(path); !cleared) return cleared.error();
  return disk_->open(path, OpenMode::kCreateNew);
}

Status Staging::link(File& file, const std::string& path) {
  if (auto cleared = clear(path); !cleared) return cleared;
  return disk_->link_file(file, path);
}

Status Staging::make_ours(const std::string& path) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  return disk_->make_ours(path);
}

Status Staging::sync(const std::string& path) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  auto file = disk_->open(path, OpenMode::kRead);
  if (!file) return file.error();
  return (*file)->sync();
}

Status Staging::sync_all() { return disk_->sync_filesystem(); }

Status Staging::remove(const std::string& path) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  return disk_->remove_file(path);
}

Status Staging::sweep(const std::function<bool(const std::string&)>& keep) {
  // Removing while listing makes some filesystems skip entries.
  std::vector<std::string> unwanted;
  const auto listed =
      disk_->list_directory(kStagingDirectory, [&](std::string_view name, FileKind kind) {
        std::string path = fmt::format("{}/{}", kStagingDirectory, name);
        if (kind == FileKind::kFile && !keep(path)) unwanted.push_back(std::move(path));
        return true;
      });
  if (!listed) {
    if (listed.error().kind == ErrorKind::kNotFound) return {};
    return listed;
  }
  for (const std::string& path : unwanted) {
    if (auto removed = disk_->remove_file(path); !removed) return removed;
  }
  return {};
}

}  // namespace store
