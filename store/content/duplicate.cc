#include "store/content/duplicate.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "store/content/digest.h"
#include "store/content/key_path.h"
#include "store/content/staging.h"

namespace store {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

std::string copy_path(std::span<const std::byte> sha256) {
  return staging_path("", to_hex(sha256), "", "copy", 0);
}

Status copy_bytes(File& from, File& to) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
  std::uint64_t offset = 0;
  while (true) {
    const auto got = from.read_at(offset, {buffer.get(), kBufferBytes});
    if (!got) return got.error();
    if (*got == 0) return {};
    if (auto written = to.write_at(offset, {buffer.get(), *got}); !written) return written;
    offset += *got;
  }
}

}  // namespace

Result<bool> may_hold(ReadableDisk& disk, const std::string& path, std::uint64_t size_bytes) {
  const auto info = disk.stat(path);
  if (!info && concerns_a_name(info.error())) return false;
  if (!info) return info.error();
  return *info && (*info)->kind == FileKind::kFile && (*info)->size_bytes == size_bytes;
}

Result<bool> holds(ReadableDisk& disk, const std::string& path, std::span<const std::byte> sha256) {
  auto file = disk.open_to_read(path);
  if (!file) return file.error();
  // Dirty pages stay in the cache: only after this does the digest come from the device.
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  const auto digests = digest_file(**file, {{Algorithm::kSha256, {}}}, {});
  if (!digests) return digests.error();
  return std::ranges::equal(digests->digests.front(), sha256);
}

Result<std::string> copy_to_staging(Disk& disk, const std::string& from_path,
                                    std::span<const std::byte> sha256) {
  auto path = copy_path(sha256);
  if (auto removed = disk.remove_file(path); !removed) return removed.error();
  const auto from = disk.open(from_path, OpenMode::kRead);
  if (!from) return from.error();
  const auto to = Staging(disk).open(path, 0);
  if (!to) return to.error();
  if (auto copied = copy_bytes(**from, *to->file); !copied) return copied.error();
  if (auto finished = to->file->finish(); !finished) return finished.error();
  const auto same = holds(disk, path, sha256);
  if (!same) return same.error();
  if (!*same) {
    return Error{ErrorKind::kCorrupt, 0, from_path, "its content is no longer what was recorded"};
  }
  return path;
}

Result<std::string> duplicate_to_staging(Disk& disk, const std::string& from_path,
                                         std::span<const std::byte> sha256) {
  auto path = copy_path(sha256);
  // A leftover may be a link to what we hold, and must not be opened to write.
  if (auto removed = disk.remove_file(path); !removed) return removed.error();
  if (auto made = disk.make_directory(kStagingDirectory); !made) {
    return made.error();
  }
  const auto linked = disk.link(from_path, path);
  if (linked) return path;
  if (linked.error().kind != ErrorKind::kNotSupported) return linked.error();
  return copy_to_staging(disk, from_path, sha256);
}

}  // namespace store
