#include "store/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <mutex>
#include <optional>

namespace store {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {
    // Files are read from end to end here; a longer read-ahead keeps a USB disk streaming.
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = uninterrupted([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0) return tl::unexpected(error_from_errno(errno, "read", path_));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = uninterrupted([&] {
        return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (put < 0) return tl::unexpected(error_from_errno(errno, "write", path_));
      if (put == 0) return tl::unexpected(error_from_errno(EIO, "write", path_));
      done += static_cast<std::size_t>(put);
    }
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) < 0) {
      return tl::unexpected(error_from_errno(errno, "truncate", path_));
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) < 0) {
      return tl::unexpected(error_from_errno(errno, "stat", path_));
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status sync() override {
    const std::lock_guard guard(sync_mutex_);
    if (condemned_) return tl::unexpected(*condemned_);
    // fdatasync() would save nothing: a file that is synced here has grown, so its metadata is
    // written in any case, and fsync() is what the lesser filesystems get right first.
    if (uninterrupted([&] { return ::fsync(fd_.get()); }) < 0) {
      condemned_ = error_from_errno(errno, "sync", path_);
      return tl::unexpected(*condemned_);
    }
    return {};
  }

  void drop_cache() override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

 private:
  UniqueFd fd_;
  std::string path_;
  std::mutex sync_mutex_;
  // The kernel reports a lost write once; a second fsync() would say that all is well.
  std::optional<Error> condemned_;
};

}  // namespace

std::unique_ptr<File> make_posix_file(UniqueFd fd, std::string path) {
  return std::make_unique<PosixFile>(std::move(fd), std::move(path));
}

}  // namespace store
