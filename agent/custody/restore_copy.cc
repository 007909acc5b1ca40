#include "agent/custody/restore_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "store/content/digest.h"
#include "store/content/disk_marker.h"
#include "store/content/filesystem_limits.h"
#include "store/content/key_path.h"
#include "store/disk/aligned_buffer.h"

namespace agent {
namespace {

using What = Restored::What;

constexpr std::string_view kDamagedSuffix = ".damaged";
constexpr std::size_t kLongestNameBytes = 255;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxUnsynced = 256;

// A long name is cut, between characters. Two that are then one share their partial copy: that
// costs a second copy, and harms nothing.
std::string with_suffix(const std::string& path, std::string_view suffix) {
  const auto name_begin = path.rfind('/') + 1;
  auto end = std::min(path.size(), name_begin + kLongestNameBytes - suffix.size());
  const auto is_inside = [&](std::size_t at) {
    return at < path.size() && (static_cast<unsigned char>(path[at]) & 0xc0) == 0x80;
  };
  while (end > name_begin && is_inside(end)) --end;
  return path.substr(0, end).append(suffix);
}

// The name cannot be had at the target; others can.
bool concerns_the_name(const store::Error& error) {
  switch (error.error_number) {
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case EILSEQ:
      return true;
    default:
      return error.kind == store::ErrorKind::kExists;
  }
}

Restored in_the_way(std::string detail) { return {What::kInTheWay, std::move(detail)}; }

store::Result<Restored> refused(const store::Error& error) {
  if (concerns_the_name(error)) return in_the_way(store::describe(error));
  return error;
}

bool was_interrupted(const store::Error& error) {
  return error.kind == store::ErrorKind::kBusy && error.error_number == 0;
}

store::Result<bool> has_digest(store::File& file, const store::Sha256& sha256,
                               const std::function<bool()>& keep_going) {
  const auto digests = store::digest_file(file, {{store::Algorithm::kSha256, {}}}, keep_going);
  if (!digests) return digests.error();
  return std::ranges::equal(digests->digests.front(), sha256);
}

}  // namespace

RestoreCopy::RestoreCopy(store::ReadableDisk& mirror, store::Disk& target, std::string mirror_below,
                         std::function<bool()> keep_going,
                         std::function<void(std::uint64_t)> copied)
    : mirror_(mirror),
      target_(target),
      mirror_below_(std::move(mirror_below)),
      largest_file_bytes_(store::largest_file_bytes_of(target.filesystem_name())),
      keep_going_(std::move(keep_going)),
      copied_(std::move(copied)) {}

store::Result<std::uint64_t> RestoreCopy::missing_bytes(const Restorable& content) {
  const auto there = target_.stat(content.to_path);
  if (!there && concerns_the_name(there.error())) return 0;
  if (!there) return there.error();
  if (*there) return 0;
  const auto part = target_.stat(with_suffix(content.to_path, kPartSuffix));
  if (!part) return part.error();
  const auto part_bytes = *part ? (*part)->size_bytes : 0;
  return content.size_bytes - std::min(part_bytes, content.size_bytes);
}

store::Result<Restored> RestoreCopy::restore(const Restorable& content) {
  if (!mirror_below_.empty() && (content.to_path + "/").starts_with(mirror_below_ + "/")) {
    return in_the_way("it would lie in the mirror");
  }
  if (content.size_bytes > largest_file_bytes_) {
    return in_the_way(
        fmt::format("a file on {} has to be smaller than 4 GiB", target_.filesystem_name()));
  }
  const auto there = target_.stat(content.to_path);
  if (!there) return refused(there.error());
  return *there ? compare_with_existing(content, **there) : copy(content);
}

store::Result<Restored> RestoreCopy::compare_with_existing(const Restorable& content,
                                                           store::FileInfo info) {
  const auto another = in_the_way("something else has its name there, which stays as it is");
  if (info.kind != store::FileKind::kFile || info.size_bytes != content.size_bytes) return another;
  const auto file = target_.open(content.to_path, store::OpenMode::kRead);
  if (!file && file.error().error_number == EACCES) return another;
  if (!file) return refused(file.error());
  // An earlier run may have ended before it was durable.
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  const auto same = has_digest(**file, content.sha256, keep_going_);
  if (!same && was_interrupted(same.error())) return Restored{What::kStopped, ""};
  if (!same) return same.error();
  if (!*same) return another;
  if (auto made = make_directories(store::parent_of(content.to_path)); !made) {
    return made.error();
  }
  copied_(content.size_bytes);
  return Restored{What::kThere, ""};
}

store::Result<Restored> RestoreCopy::copy(const Restorable& content) {
  const auto from = mirror_.open_to_read(content.from_path);
  if (!from) return damaged(store::describe(from.error()));
  const auto made = make_directories(store::parent_of(content.to_path));
  if (!made) return refused(made.error());
  if (!*made) return in_the_way("a directory that it belongs in is something else there");
  const auto part = with_suffix(content.to_path, kPartSuffix);
  const auto to = target_.open(part, store::OpenMode::kCreate);
  if (!to) return refused(to.error());
  return fill(content, part, **from, **to);
}

store::Result<Restored> RestoreCopy::fill(const Restorable& content, const std::string& part,
                                          store::File& from, store::File& to) {
  const auto left_bytes = to.size();
  if (!left_bytes) return left_bytes.error();
  const auto held_bytes = from.size();
  if (!held_bytes) return damaged(store::describe(held_bytes.error()));
  const auto end = std::min(*held_bytes, content.size_bytes);
  // A whole number of blocks, so that the mirror can go on past its cache.
  auto begin = *left_bytes <= end ? *left_bytes / store::kDirectBytes * store::kDirectBytes : 0;
  while (true) {
    if (auto cut = to.truncate(begin); !cut) return cut.error();
    const auto chunks = copy_bytes(from, to, begin, end);
    if (!chunks) return chunks.error();
    if (chunks->stopped) return Restored{What::kStopped, ""};
    // Before the sync, which makes it durable with the rest.
    if (auto set = target_.set_modified(part, at_its_word(content.last_modified)); !set) {
      return set.error();
    }
    if (auto synced = to.sync(); !synced) return synced.error();
    if (!chunks->detail.empty()) {
      return keep_aside(content, part, chunks->end_bytes, chunks->detail);
    }
    if (*held_bytes != content.size_bytes) {
      return keep_aside(content, part, end,
                        fmt::format("{} has {} bytes, and had {}", content.from_path, *held_bytes,
                                    content.size_bytes));
    }
    const auto right = has_digest(to, content.sha256, keep_going_);
    if (!right && was_interrupted(right.error())) return Restored{What::kStopped, ""};
    if (!right) return right.error();
    if (*right) return give_name(content, part);
    if (begin == 0) break;
    begin = 0;
  }
  const auto held = has_digest(from, content.sha256, keep_going_);
  if (!held && was_interrupted(held.error())) return Restored{What::kStopped, ""};
  if (held && *held) {
    return store::Error{store::ErrorKind::kIo, 0, part,
                        "what was written to it does not read back"};
  }
  return keep_aside(content, part, end,
                    held ? fmt::format("the bytes of {} are no longer those that were recorded",
                                       content.from_path)
                         : store::describe(held.error()));
}

store::Result<RestoreCopy::Chunks> RestoreCopy::copy_bytes(store::File& from, store::File& to,
                                                           std::uint64_t begin, std::uint64_t end) {
  const auto buffer = store::make_aligned_buffer(kChunkBytes);
  Chunks chunks{begin, "", false};
  from.drop_cache();
  while (chunks.end_bytes < end) {
    if (!keep_going_()) {
      chunks.stopped = true;
      return chunks;
    }
    const auto got = from.read_at(chunks.end_bytes, {buffer.get(), kChunkBytes});
    if (!got || *got == 0) {
      chunks.detail =
          fmt::format("{}, at offset {}", got ? "it ends too early" : store::describe(got.error()),
                      chunks.end_bytes);
      return chunks;
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(*got, end - chunks.end_bytes));
    if (auto written = to.write_at(chunks.end_bytes, {buffer.get(), count}); !written) {
      return written.error();
    }
    chunks.end_bytes += count;
    copied_(count);
  }
  return chunks;
}

store::Result<Restored> RestoreCopy::give_name(const Restorable& content, const std::string& part) {
  if (auto renamed = target_.rename_no_replace(part, content.to_path); !renamed) {
    return refused(renamed.error());
  }
  return Restored{What::kCopied, ""};
}

store::Result<Restored> RestoreCopy::keep_aside(const Restorable& content, const std::string& part,
                                                std::uint64_t size_bytes,
                                                const std::string& detail) {
  auto result = damaged(detail);
  if (result->what == What::kMirrorGone) return result;
  const auto aside = with_suffix(content.to_path, kDamagedSuffix);
  if (size_bytes > 0) {
    const auto renamed = target_.rename_no_replace(part, aside);
    if (renamed) {
      result->detail += fmt::format("; what could be read is in {}", aside);
      return result;
    }
    if (!concerns_the_name(renamed.error())) return renamed.error();
    result->detail += fmt::format("; {} was there already", aside);
  }
  if (auto removed = target_.remove_file(part); !removed) return removed.error();
  return result;
}

// What cannot be read is only news of the content as long as the mirror is there.
store::Result<Restored> RestoreCopy::damaged(std::string detail) {
  const auto marker = store::read_marker(mirror_);
  return Restored{marker && *marker ? What::kDamaged : What::kMirrorGone, std::move(detail)};
}

// False when a directory of the path is something else.
store::Result<bool> RestoreCopy::make_directories(const std::string& path) {
  if (auto noted = remember(""); !noted) return noted.error();
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const auto directory = path.substr(0, end);
    if (unsynced_.contains(directory)) continue;
    const auto info = target_.stat(directory);
    if (!info) return info.error();
    if (*info && (*info)->kind != store::FileKind::kDirectory) return false;
    if (!*info) {
      if (auto made = target_.make_directory(directory); !made) {
        return made.error();
      }
    }
    if (auto noted = remember(directory); !noted) return noted.error();
  }
  return true;
}

// A directory that was there may not be durable: whoever made it may have been killed.
store::Status RestoreCopy::remember(const std::string& directory) {
  if (unsynced_.size() >= kMaxUnsynced) {
    if (auto synced = sync(); !synced) return synced;
  }
  unsynced_.insert(directory);
  return {};
}

store::Status RestoreCopy::sync() {
  for (const auto& directory : unsynced_) {
    if (auto synced = target_.sync_directory(directory); !synced) return synced;
  }
  unsynced_.clear();
  return {};
}

}  // namespace agent
