#include "agent/walk/walk_pgdump.h"

#include <algorithm>
#include <optional>
#include <string>

#include "agent/base/byte_order.h"

// The form of an archive, as src/bin/pg_dump/pg_backup_archiver.c of PostgreSQL has it.
namespace agent {
namespace {

constexpr unsigned kCustom = 1;
constexpr unsigned kDirectory = 3;  // its table of contents calls itself a tar
constexpr unsigned kData = 1;       // BLK_DATA
constexpr unsigned kBlobs = 3;      // BLK_BLOBS
constexpr std::uint64_t kMaxEntries = 10'000'000;

unsigned version(unsigned major, unsigned minor) { return major << 8U | minor; }

class Archive {
 public:
  explicit Archive(WalkedContent& content) : content_(content) {}

  Walked<std::uint64_t> walk() {
    if (auto read = header(); !read) return read.error();
    const auto entries = integer();
    if (!entries) return entries.error();
    if (!*entries || **entries > kMaxEntries) return broken("its table of contents is damaged");
    for (std::uint64_t i = 0; i < **entries; ++i) {
      if (auto read = entry(); !read) return read.error();
    }
    std::uint64_t with_data = 0;
    while (format_ == kCustom && at_ < content_.size_bytes()) {
      if (auto read = block(); !read) return read.error();
      ++with_data;
    }
    return with_data;
  }

 private:
  Walked<bool> header() {
    constexpr std::size_t kMagic = 5;
    at_ = kMagic;
    const auto major = byte();
    const auto minor = byte();
    const auto revision = byte();
    const auto int_size = byte();
    const auto offset_size = byte();
    const auto format = byte();
    for (const auto* one : {&major, &minor, &revision, &int_size, &offset_size, &format}) {
      if (!*one) return one->error();
    }
    version_ = version(*major, *minor);
    int_bytes_ = *int_size;
    offset_bytes_ = *offset_size;
    format_ = *format;
    const bool is_known = version_ >= version(1, 12) && version_ <= version(1, 16);
    if (!is_known || (format_ != kCustom && format_ != kDirectory)) {
      return not_known("its archive is of a version that is not known here");
    }
    if (int_bytes_ != 4 || offset_bytes_ == 0 || offset_bytes_ > 8) {
      return broken("its header is damaged");
    }
    constexpr int kTimes = 7;
    const auto compression = version_ >= version(1, 15) ? skip(1) : skip_integers(1);
    if (!compression) return compression;
    if (auto read = skip_integers(kTimes); !read) return read;
    return skip_texts(3);
  }

  Walked<bool> entry() {
    if (auto read = skip_integers(2); !read) return read;
    if (auto read = skip_texts(4); !read) return read;  // two numbers of objects, a tag, a kind
    if (auto read = skip_integers(1); !read) return read;
    // Definition, drop, copy, namespace, tablespace, and the access method.
    if (auto read = skip_texts(version_ >= version(1, 14) ? 6 : 5); !read) return read;
    if (version_ >= version(1, 16)) {
      if (auto read = skip_integers(1); !read) return read;
    }
    if (auto read = skip_texts(2); !read) return read;  // the owner, and whether it had numbers
    while (true) {
      const auto dependency = text();
      if (!dependency) return dependency.error();
      if (!*dependency) break;
    }
    if (format_ == kCustom) return skip(1 + offset_bytes_);
    return skip_texts(1);
  }

  // The data of an entry, or the large objects of one, each with its number.
  Walked<bool> block() {
    const auto kind = byte();
    if (!kind) return kind.error();
    if (*kind != kData && *kind != kBlobs) return broken("its data is damaged");
    if (auto read = skip_integers(1); !read) return read;
    if (*kind == kData) return pieces();
    while (true) {
      const auto number = integer();
      if (!number) return number.error();
      if (*number && **number == 0) return true;
      if (auto read = pieces(); !read) return read;
    }
  }

  Walked<bool> pieces() {
    while (true) {
      const auto size = integer();
      if (!size) return size.error();
      if (!*size) return broken("its data is damaged");
      if (**size == 0) return true;
      if (auto read = skip(**size); !read) return read;
    }
  }

  Walked<bool> skip(std::uint64_t bytes) {
    if (bytes > content_.size_bytes() - at_) return broken("its archive ends before its end");
    at_ += bytes;
    return true;
  }

  Walked<std::string_view> read(std::size_t bytes) {
    if (at_ < from_ || at_ + bytes > from_ + kept_.size()) {
      from_ = at_;
      kept_.resize(
          static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, content_.size_bytes() - at_)));
      if (auto read = content_.read_at(from_, kept_); !read) return read.error();
    }
    if (auto skipped = skip(bytes); !skipped) return skipped.error();
    return std::string_view(kept_).substr(static_cast<std::size_t>(at_ - bytes - from_), bytes);
  }

  Walked<unsigned> byte() {
    const auto one = read(1);
    if (!one) return one.error();
    return static_cast<unsigned>(static_cast<unsigned char>(one->front()));
  }

  // nullopt: it is negative.
  Walked<std::optional<std::uint64_t>> integer() {
    const auto bytes = read(1 + int_bytes_);
    if (!bytes) return bytes.error();
    if (bytes->front() != 0) return std::optional<std::uint64_t>();
    return std::optional(little_endian(*bytes, 1, int_bytes_));
  }
  Walked<bool> skip_integers(int count) {
    for (int i = 0; i < count; ++i) {
      if (const auto one = integer(); !one) return one.error();
    }
    return true;
  }

  // False where there is none.
  Walked<bool> text() {
    const auto size = integer();
    if (!size) return size.error();
    if (!*size) return false;
    return skip(**size);
  }
  Walked<bool> skip_texts(int count) {
    for (int i = 0; i < count; ++i) {
      if (const auto one = text(); !one) return one.error();
    }
    return true;
  }

  static constexpr std::uint64_t kWindow = 4096;

  WalkedContent& content_;
  std::uint64_t at_ = 0;
  std::uint64_t from_ = 0;
  std::string kept_;  ///< what lies from there on
  unsigned version_ = 0;
  unsigned int_bytes_ = 4;
  unsigned offset_bytes_ = 8;
  unsigned format_ = 0;
};

}  // namespace

Walked<std::uint64_t> walk_pgdump(WalkedContent& content) { return Archive(content).walk(); }

}  // namespace agent
