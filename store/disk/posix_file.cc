#include "store/disk/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace store {
namespace {

class PosixFile final : public File {
 public:
  explicit PosixFile(OpenedFile opened)
      : fd_(std::move(opened.fd)),
        path_(std::move(opened.path)),
        mode_(std::move(opened.mode)),
        opened_size_bytes_(opened.size_bytes),
        direct_(opened.direct),
        never_dropped_(opened.direct) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      if (direct_ && !may_be_direct(offset + done, into.subspan(done))) read_through_cache();
      const ssize_t got = uninterrupted([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0 && errno == EINVAL && direct_) {
        read_through_cache();
        continue;
      }
      if (got < 0) return error_from_errno(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
      if (direct_ && done < into.size() && at_end(offset + done)) break;
    }
    return done;
  }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    if (direct_) read_through_cache();
    opened_size_bytes_.reset();
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = uninterrupted([&] {
        return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (put < 0) return error_from_errno(errno, "write", path_);
      if (put == 0) return error_from_errno(EIO, "write", path_);
      done += static_cast<std::size_t>(put);
    }
    begin_to_write_back(offset, offset + bytes.size());
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    opened_size_bytes_.reset();
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) < 0) {
      return error_from_errno(errno, "truncate", path_);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    if (opened_size_bytes_) return *opened_size_bytes_;
    struct stat info {};
    if (::fstat(fd_.get(), &info) < 0) {
      return error_from_errno(errno, "stat", path_);
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status sync() override {
    const std::lock_guard guard(sync_mutex_);
    if (condemned_) return *condemned_;
    // fdatasync() would save nothing: a file that is synced here has grown, so its metadata is
    // written in any case, and fsync() is what the lesser filesystems get right first.
    if (uninterrupted([&] { return ::fsync(fd_.get()); }) < 0) {
      condemned_ = error_from_errno(errno, "sync", path_);
      return *condemned_;
    }
    return {};
  }

  Status finish() override { return mode_->set(fd_.get(), true, path_); }

  int descriptor() const { return fd_.get(); }

  void drop_cache() override {
    // The kernel takes DONTNEED for advice, but keeps its word on O_DIRECT. What is read so leaves
    // nothing behind to drop.
    if (direct_) return;
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
    direct_ = !direct_refused_ && ::fcntl(fd_.get(), F_SETFL, O_DIRECT) == 0;
    if (!direct_) read_through_cache();
  }

 private:
  // A large file goes to the device while it arrives, a stretch at a time: sync() then has little
  // left to wait for, and a small machine's memory does not fill up with what is to be written. It
  // is only advice. What it fails to write is reported by sync(), and so is not looked at here.
  void begin_to_write_back(std::uint64_t from, std::uint64_t to) {
    constexpr std::uint64_t kStretchBytes = std::uint64_t{8} << 20;
    const std::uint64_t begin = from / kStretchBytes * kStretchBytes;
    const std::uint64_t end = to / kStretchBytes * kStretchBytes;
    if (begin == end) return;
    ::sync_file_range(fd_.get(), static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                      SYNC_FILE_RANGE_WRITE);
  }

  static bool may_be_direct(std::uint64_t offset, std::span<std::byte> into) {
    const auto address = reinterpret_cast<std::uintptr_t>(into.data());
    return (offset | into.size() | address) % kDirectBytes == 0;
  }

  // A direct read stops there, mostly where the next one may not begin.
  bool at_end(std::uint64_t offset) {
    const auto size_bytes = size();
    return size_bytes && offset >= *size_bytes;
  }

  void read_through_cache() {
    if (direct_) ::fcntl(fd_.get(), F_SETFL, 0);
    direct_ = false;
    if (std::exchange(never_dropped_, false)) {
      ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
    }
    if (std::exchange(direct_refused_, true)) return;
    // Files are read from end to end here; a longer read-ahead keeps a USB disk streaming.
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  UniqueFd fd_;
  std::string path_;
  std::shared_ptr<PosixMode> mode_;
  std::optional<std::uint64_t> opened_size_bytes_;  // until something is written through here
  bool direct_;
  bool never_dropped_;  // the cache, because nothing was read through it
  bool direct_refused_ = false;
  std::mutex sync_mutex_;
  // The kernel reports a lost write once; a second fsync() would say that all is well.
  std::optional<Error> condemned_;
};

}  // namespace

std::unique_ptr<File> make_posix_file(OpenedFile opened) {
  return std::make_unique<PosixFile>(std::move(opened));
}

std::optional<int> descriptor_of(File& file) {
  const auto* posix = dynamic_cast<const PosixFile*>(&file);
  return posix != nullptr ? std::optional(posix->descriptor()) : std::nullopt;
}

}  // namespace store
