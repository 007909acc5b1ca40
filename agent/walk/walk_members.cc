#include "agent/walk/walk_members.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "agent/base/units.h"
#include "agent/walk/archive_library.h"

namespace agent {
namespace {

struct Feed {
  ByteSource& bytes;
  WalkedContent* seekable;
  std::optional<Obstacle> obstacle{};
};

la_ssize_t read_some(archive* /*reader*/, void* data, const void** buffer) {
  auto& feed = *static_cast<Feed*>(data);
  const auto bytes = feed.bytes.next();
  if (!bytes) {
    feed.obstacle = bytes.error();
    return ARCHIVE_FATAL;
  }
  *buffer = bytes->data();
  return static_cast<la_ssize_t>(bytes->size());
}

la_int64_t seek(archive* /*reader*/, void* data, la_int64_t offset, int whence) {
  auto& content = *static_cast<Feed*>(data)->seekable;
  const auto size = static_cast<la_int64_t>(content.size_bytes());
  la_int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<la_int64_t>(content.offset());
  if (whence == SEEK_END) base = size;
  if (offset < -base || offset > size - base) return ARCHIVE_FATAL;
  content.seek(static_cast<std::uint64_t>(base + offset));
  return base + offset;
}

bool support(const ArchiveLibrary& library, archive* reader, ContentForm form, bool can_seek) {
  switch (form) {
    case ContentForm::kTar:
      return library.read_support_format_tar(reader) == ARCHIVE_OK;
    case ContentForm::kCpio:
      return library.read_support_format_cpio(reader) == ARCHIVE_OK;
    case ContentForm::kZip:
      return (can_seek ? library.read_support_format_zip_seekable(reader)
                       : library.read_support_format_zip_streamable(reader)) == ARCHIVE_OK;
    case ContentForm::kSevenZip:
      return can_seek && library.read_support_format_7zip(reader) == ARCHIVE_OK;
    default:
      return false;
  }
}

class Members {
 public:
  Members(const ArchiveLibrary& library, ContentForm form, Feed& feed, std::uint64_t limit_bytes,
          std::uint64_t memory_bytes)
      : library_(library),
        form_(form),
        feed_(feed),
        limit_bytes_(limit_bytes),
        memory_bytes_(memory_bytes),
        reader_(library.read_new(), library.read_free) {}

  Walked<WalkedMembers> walk() {
    if (!reader_) return too_large("it", memory_bytes_);
    if (!support(library_, reader_.get(), form_, feed_.seekable != nullptr)) {
      return not_known(fmt::format("{} cannot be walked where it lies", name_of(form_)));
    }
    library_.read_set_read_callback(reader_.get(), read_some);
    if (feed_.seekable != nullptr) library_.read_set_seek_callback(reader_.get(), seek);
    library_.read_set_callback_data(reader_.get(), &feed_);
    if (library_.read_open1(reader_.get()) != ARCHIVE_OK) return failure();
    is_open_ = true;
    while (true) {
      archive_entry* entry = nullptr;
      const int found = library_.read_next_header(reader_.get(), &entry);
      if (found == ARCHIVE_EOF) break;
      // A warning is about a name or a date that cannot be had on this machine.
      if (found != ARCHIVE_OK && found != ARCHIVE_WARN) return failure();
      if (auto walked = member(entry); !walked) return walked.error();
    }
    all_.end_bytes = static_cast<std::uint64_t>(library_.filter_bytes(reader_.get(), 0));
    all_.proved = has_sums() && all_.members > 0 && !any_locked_;
    return all_;
  }

 private:
  // Of its contents: those of a tar and a cpio have none.
  bool has_sums() const { return form_ == ContentForm::kZip || form_ == ContentForm::kSevenZip; }

  Walked<bool> member(archive_entry* entry) {
    ++all_.members;
    if (library_.entry_is_data_encrypted(entry) != 0) {
      any_locked_ = true;
      return true;
    }
    if (has_sums()) return unpack();
    const auto size = library_.entry_size(entry);
    if (size > 0) add(static_cast<std::uint64_t>(size));
    return true;
  }

  void add(std::uint64_t bytes) {
    constexpr auto kMaxBytes = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    all_.size_bytes = bytes > kMaxBytes - all_.size_bytes ? kMaxBytes : all_.size_bytes + bytes;
  }

  Walked<bool> unpack() {
    while (true) {
      const void* bytes = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = library_.read_data_block(reader_.get(), &bytes, &size, &offset);
      if (got == ARCHIVE_EOF) return true;
      if (got != ARCHIVE_OK) return failure();
      add(size);
      if (all_.size_bytes > limit_bytes_) {
        return too_much(fmt::format("it unpacks to more than {}", format_size(limit_bytes_)));
      }
    }
  }

  Obstacle failure() const {
    if (feed_.obstacle) return *feed_.obstacle;
    const char* const said = library_.error_string(reader_.get());
    const std::string_view message = said == nullptr ? std::string_view() : said;
    const auto name = name_of(form_);
    if (library_.error_number(reader_.get()) == ENOMEM) {
      return too_large(fmt::format("its {}", name), memory_bytes_);
    }
    // Where no format was found libarchive must not be asked: it looks beyond the last one.
    if (is_open_ && library_.read_has_encrypted_entries(reader_.get()) == 1) {
      return not_known("the list of its members is encrypted");
    }
    if (message.find("nsupported") != std::string_view::npos ||
        message.find("not supported") != std::string_view::npos) {
      return not_known(fmt::format("its {} is of a kind that is not known here", name));
    }
    if (message.find("runcated") != std::string_view::npos) {
      return broken(fmt::format("its {} ends before its end", name));
    }
    return broken(fmt::format("its {} is damaged{}{}", name, message.empty() ? "" : ": ", message));
  }

  const ArchiveLibrary& library_;
  const ContentForm form_;
  Feed& feed_;
  const std::uint64_t limit_bytes_;
  const std::uint64_t memory_bytes_;
  std::unique_ptr<archive, int (*)(archive*)> reader_;
  bool is_open_ = false;
  bool any_locked_ = false;
  WalkedMembers all_;
};

}  // namespace

Walked<WalkedMembers> walk_members(ContentForm form, ByteSource& bytes, WalkedContent* seekable,
                                   std::uint64_t limit_bytes, std::uint64_t memory_bytes) {
  const auto library = archive_library();
  if (!library) return not_known(library.error());
  Feed feed{bytes, seekable};
  return Members(**library, form, feed, limit_bytes, memory_bytes).walk();
}

std::string libarchive_version_text() {
  const auto library = archive_library();
  if (!library) return "none: " + library.error();
  std::string_view text = (*library)->version_string();
  if (text.starts_with("libarchive ")) text.remove_prefix(11);
  return std::string(text);
}

}  // namespace agent
