#include "store/content/staging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include "store/content/crc.h"
#include "store/content/digest.h"
#include "store/content/key_path.h"

namespace store {
namespace {

constexpr std::size_t kNameHashBytes = 16;
constexpr std::string_view kMarkSuffix = ".ranges";

std::string mark_of(const std::string& path) { return path + std::string(kMarkSuffix); }

std::uint32_t sum_of(std::string_view digits) {
  return crc32_ieee(0, std::as_bytes(std::span(digits)));
}

// Of one length, so that the next one takes the place of this one in a single sector.
std::string mark_text(std::uint64_t collected_bytes) {
  const auto digits = fmt::format("{:020}", collected_bytes);
  return fmt::format("{} {:08x}\n", digits, sum_of(digits));
}

// 0 for what no mark_text() is.
std::uint64_t parse_mark(std::string_view text) {
  constexpr std::size_t kDigits = 20;
  std::uint64_t value = 0;
  const auto digits = text.substr(0, kDigits);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec != std::errc{} || mark_text(value) != text) return 0;
  return value;
}

// nullopt: the file has no mark, and so no gap; or a power cut came before its first one was
// written.
Result<std::optional<std::uint64_t>> read_mark(ReadableDisk& disk, const std::string& path) {
  const auto file = disk.open_to_read(mark_of(path));
  if (!file && file.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!file) return file.error();
  std::string text(mark_text(0).size(), '\0');
  const auto read = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!read) return read.error();
  text.resize(*read);
  if (text.find_first_not_of('\0') == std::string::npos) return std::nullopt;
  return parse_mark(text);
}

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

Status remove_all(Disk& disk, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (auto removed = disk.remove_file(path); !removed) return removed;
  }
  return {};
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

Result<std::uint64_t> collected_bytes(ReadableDisk& disk, const std::string& path,
                                      std::uint64_t at_most_bytes) {
  const auto info = disk.stat(path);
  if (!info) return info.error();
  auto bytes = *info ? std::min((*info)->size_bytes, at_most_bytes) : 0;
  if (bytes == 0 || at_most_bytes < kScatteredBytes) return bytes;
  const auto mark = read_mark(disk, path);
  if (!mark) return mark.error();
  return *mark ? std::min(bytes, **mark) : bytes;
}

Result<StagedFile> Staging::open(const std::string& path, std::uint64_t at_most_bytes) {
  if (auto staged = check_is_staged(path); !staged) return staged.error();
  auto file = open_or_create(*disk_, path);
  if (!file) return file.error();
  const auto size_bytes = (*file)->size();
  if (!size_bytes) return size_bytes.error();
  StagedFile staged{std::move(*file), *size_bytes};
  if (at_most_bytes >= kScatteredBytes) {
    const auto mark = read_mark(*disk_, path);
    if (!mark) return mark.error();
    if (*mark) {
      staged.size_bytes = std::min(staged.size_bytes, **mark);
      if (auto cut = gather(path, *staged.file, staged.size_bytes); !cut) return cut.error();
    }
  }
  if (staged.size_bytes > at_most_bytes) {
    if (auto emptied = staged.file->truncate(0); !emptied) return emptied.error();
    staged.size_bytes = 0;
  }
  return staged;
}

Status Staging::mark_scattered(const std::string& path, std::uint64_t collected_bytes) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  const auto file = disk_->open(mark_of(path), OpenMode::kCreate);
  if (!file) return file.error();
  const auto text = mark_text(collected_bytes);
  if (auto written = (*file)->write_at(0, std::as_bytes(std::span(text))); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  return disk_->sync_directory(kStagingDirectory);
}

// In this order: while there is a mark nothing behind a gap is believed.
Status Staging::gather(const std::string& path, File& file, std::uint64_t collected_bytes) {
  if (auto staged = check_is_staged(path); !staged) return staged;
  if (auto cut = file.truncate(collected_bytes); !cut) return cut;
  if (auto synced = file.sync(); !synced) return synced;
  return disk_->remove_file(mark_of(path));
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
  std::vector<std::string> marks;
  const auto listed =
      disk_->list_directory(kStagingDirectory, [&](std::string_view name, FileKind kind) {
        std::string path = fmt::format("{}/{}", kStagingDirectory, name);
        const bool is_mark = path.ends_with(kMarkSuffix);
        const auto of = is_mark ? path.substr(0, path.size() - kMarkSuffix.size()) : path;
        if (kind == FileKind::kFile && !keep(of)) {
          (is_mark ? marks : unwanted).push_back(std::move(path));
        }
        return true;
      });
  if (!listed) {
    if (listed.error().kind == ErrorKind::kNotFound) return {};
    return listed;
  }
  if (auto removed = remove_all(*disk_, unwanted); !removed || marks.empty()) return removed;
  // A file with gaps is gone for good before its mark is: without that its gaps would be believed.
  if (auto synced = disk_->sync_directory(kStagingDirectory); !synced) return synced;
  return remove_all(*disk_, marks);
}

}  // namespace store
