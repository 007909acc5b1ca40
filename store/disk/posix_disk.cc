#include "store/disk/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>

#include "store/disk/posix_beneath.h"
#include "store/disk/posix_directory.h"
#include "store/disk/posix_file.h"
#include "store/disk/posix_filesystem.h"
#include "store/disk/posix_mode.h"
#include "store/disk/posix_names.h"
#include "store/disk/posix_owner.h"

namespace store {
namespace {

FileKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  return S_ISDIR(mode) ? FileKind::kDirectory : FileKind::kOther;
}

FileInfo info_of(const struct stat& info) {
  return FileInfo{kind_of_mode(info.st_mode), static_cast<std::uint64_t>(info.st_size),
                  std::chrono::sys_seconds(std::chrono::seconds(info.st_mtime))};
}

// A pipe in the place of a file must not block its opening, hence O_NONBLOCK.
int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
    case OpenMode::kReadBack:
      return O_RDONLY | O_NONBLOCK;
    case OpenMode::kReadWrite:
      return O_RDWR | O_NONBLOCK;
    case OpenMode::kCreate:
      return O_RDWR | O_NONBLOCK | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_NONBLOCK | O_CREAT | O_EXCL;
  }
  return O_RDONLY | O_NONBLOCK;
}

class FlockLock final : public DiskLock {
 public:
  explicit FlockLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

FileKind kind_of_entry(int directory, const dirent& entry) {
  if (entry.d_type == DT_REG) return FileKind::kFile;
  if (entry.d_type == DT_DIR) return FileKind::kDirectory;
  struct stat info {};
  if (entry.d_type == DT_UNKNOWN &&
      ::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return kind_of_mode(info.st_mode);
  }
  return FileKind::kOther;
}

class PosixDisk final : public Disk {
 public:
  PosixDisk(UniqueFd root, std::string root_path)
      : root_path_(std::move(root_path)),
        filesystem_name_(filesystem_name_of(root.get())),
        can_sync_filesystem_(can_sync_filesystem(root.get())),
        owner_(root.get()),
        beneath_(std::move(root)) {
    // Through the open root, so that a disk mounted in its place meanwhile is never written to.
    database_root_ = "/proc/self/fd/" + std::to_string(beneath_.root());
    if (::access(database_root_.c_str(), F_OK) != 0) database_root_ = root_path_;
  }

  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;

  Result<std::optional<FileInfo>> stat(std::string_view path) override;
  Status make_directory(std::string_view path) override;
  Status rename_no_replace(std::string_view from, std::string_view to) override {
    return names_.rename_no_replace(from, to);
  }
  Status link(std::string_view from, std::string_view to) override { return names_.link(from, to); }
  Status link_file(File& file, std::string_view to) override { return names_.link_file(file, to); }
  Status make_ours(std::string_view path) override;
  Status rename_replace(std::string_view from, std::string_view to) override {
    return names_.rename_replace(from, to);
  }
  Status remove_file(std::string_view path) override { return names_.remove(path, 0); }
  Status remove_directory(std::string_view path) override {
    return names_.remove(path, AT_REMOVEDIR);
  }
  Status set_finished(std::string_view path, bool finished) override;
  Status set_modified(std::string_view path, std::chrono::sys_seconds time) override;
  Status sync_directory(std::string_view path) override;
  Status sync_filesystem() override;
  Status list_directory(std::string_view path,
                        const std::function<bool(std::string_view, FileKind)>& visit) override;
  Result<Space> space() override;
  Result<std::unique_ptr<DiskLock>> lock(std::string_view path) override;

  std::string root_path() const override { return root_path_; }
  std::string filesystem_name() const override { return filesystem_name_; }
  Weakness weakness() const override {
    return {no_directory_sync_, names_.lacks_exclusive_rename(), mode_->is_lacking(),
            no_filesystem_sync_};
  }

  std::string database_path(std::string_view path) const override {
    return database_root_ + "/" + std::string(path);
  }
  const char* database_vfs() const override { return nullptr; }

 private:
  struct Opened {
    UniqueFd fd;
    std::uint64_t size_bytes = 0;
  };
  Result<Opened> open_regular(std::string_view path, int flags, std::string_view action);
  Result<std::unique_ptr<File>> file_of(Result<Opened> opened, std::string_view path, bool direct);

  const std::string root_path_;
  std::string database_root_;
  const std::string filesystem_name_;
  const bool can_sync_filesystem_;
  const PosixOwner owner_;
  Beneath beneath_;
  PosixNames names_{beneath_, owner_};
  // A file may outlive its disk.
  const std::shared_ptr<PosixMode> mode_ = std::make_shared<PosixMode>();
  std::atomic<bool> no_directory_sync_ = false;
  std::atomic<bool> no_filesystem_sync_ = false;
};

Result<std::unique_ptr<File>> PosixDisk::open(std::string_view path, OpenMode mode) {
  const auto flags = flags_of(mode);
  // Most that is created is not there yet, and what was just made needs no look.
  if (mode == OpenMode::kCreate) {
    auto made = open_regular(path, flags | O_EXCL, "open");
    if (made || made.error().error_number != EEXIST) return file_of(std::move(made), path, false);
  }
  // What is opened so leaves nothing behind in the cache, and asks for no advice.
  if (mode == OpenMode::kReadBack) {
    auto direct = open_regular(path, flags | O_DIRECT, "open");
    if (direct || direct.error().error_number != EINVAL) {
      return file_of(std::move(direct), path, true);
    }
  }
  return file_of(open_regular(path, flags, "open"), path, false);
}

Result<std::unique_ptr<File>> PosixDisk::file_of(Result<Opened> opened, std::string_view path,
                                                 bool direct) {
  if (!opened) return opened.error();
  return make_posix_file(
      {std::move(opened->fd), opened->size_bytes, std::string(path), direct, mode_});
}

Result<PosixDisk::Opened> PosixDisk::open_regular(std::string_view path, int flags,
                                                  std::string_view action) {
  auto fd = beneath_.open(path, flags, kUnfinishedMode, action);
  if (!fd) return fd.error();
  Opened opened{std::move(*fd)};
  if ((flags & O_EXCL) == 0) {
    struct stat info {};
    if (::fstat(opened.fd.get(), &info) < 0) return error_from_errno(errno, action, path);
    if (!S_ISREG(info.st_mode)) {
      return Error{ErrorKind::kExists, 0, std::string(path), "not a regular file"};
    }
    opened.size_bytes = static_cast<std::uint64_t>(info.st_size);
  }
  if ((flags & O_CREAT) != 0) owner_.give(opened.fd.get());
  return opened;
}

Result<std::optional<FileInfo>> PosixDisk::stat(std::string_view path) {
  struct stat info {};
  if (path.empty()) {
    if (::fstat(beneath_.root(), &info) < 0) return error_from_errno(errno, "stat", path);
    return info_of(info);
  }
  const auto place = beneath_.place_of(path, "stat");
  if (!place) {
    if (nothing_there(place.error())) return std::nullopt;
    return place.error();
  }
  if (::fstatat(place->directory, place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) {
    const int error_number = errno;
    if (error_number == ENOENT) return std::nullopt;
    return error_from_errno(error_number, "stat", path);
  }
  return info_of(info);
}

Status PosixDisk::make_directory(std::string_view path) {
  const auto place = beneath_.place_of(path, "make directory");
  if (!place) return place.error();
  if (::mkdirat(place->directory, place->name.c_str(), kDirectoryMode) == 0) {
    owner_.give(place->directory, place->name);
    return {};
  }
  const int error_number = errno;
  struct stat info {};
  if (error_number == EEXIST &&
      ::fstatat(place->directory, place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(info.st_mode)) {
    return {};
  }
  return error_from_errno(error_number, "make directory", path);
}

Status PosixDisk::make_ours(std::string_view path) {
  auto opened = open_regular(path, O_RDONLY | O_NONBLOCK, "take over");
  if (!opened && opened.error().error_number == EACCES)
    return error_from_errno(EOPNOTSUPP, "take over", path);
  if (!opened) return opened.error();
  const int fd = opened->fd.get();
  if (owner_.make_ours(fd) && mode_->set(fd, true, path)) return {};
  return error_from_errno(EOPNOTSUPP, "take over", path);
}

Status PosixDisk::set_finished(std::string_view path, bool finished) {
  // fchmodat() would follow a symbolic link; an open file is what it is.
  const auto opened = open_regular(path, O_RDONLY | O_NONBLOCK, "change the mode of");
  if (!opened) return opened.error();
  return mode_->set(opened->fd.get(), finished, path);
}

Status PosixDisk::set_modified(std::string_view path, std::chrono::sys_seconds time) {
  const auto place = beneath_.place_of(path, "set the time of");
  if (!place) return place.error();
  std::array<timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = static_cast<time_t>(time.time_since_epoch().count());
  if (::utimensat(place->directory, place->name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0) {
    return {};
  }
  const int error_number = errno;
  if (lacks_support(error_number)) return {};
  return error_from_errno(error_number, "set the time of", path);
}

Status PosixDisk::sync_directory(std::string_view path) {
  if (auto released = beneath_.release(); !released) return released;
  const auto fd = beneath_.open(path, O_RDONLY | O_DIRECTORY, 0, "open directory");
  if (!fd) return fd.error();
  if (uninterrupted([&] { return ::fsync(fd->get()); }) == 0) return {};
  const int error_number = errno;
  if (error_number != EINVAL && error_number != EOPNOTSUPP) {
    return error_from_errno(error_number, "sync directory", path);
  }
  no_directory_sync_ = true;
  return {};
}

Status PosixDisk::sync_filesystem() {
  if (auto released = beneath_.release(); !released) return released;
  if (!can_sync_filesystem_) {
    no_filesystem_sync_ = true;
    return error_from_errno(EOPNOTSUPP, "sync the filesystem of", "");
  }
  if (uninterrupted([&] { return ::syncfs(beneath_.root()); }) < 0) {
    const Error error = error_from_errno(errno, "sync the filesystem of", "");
    if (error.kind == ErrorKind::kNotSupported) no_filesystem_sync_ = true;
    return error;
  }
  // On FAT, exFAT and NTFS syncfs() does not tell the drive to empty its own cache. fsync() does,
  // whatever it is called on.
  return sync_directory("");
}

Status PosixDisk::list_directory(std::string_view path,
                                 const std::function<bool(std::string_view, FileKind)>& visit) {
  auto fd = beneath_.open(path, O_RDONLY | O_DIRECTORY, 0, "list");
  if (!fd) return fd.error();
  const Directory directory(::fdopendir(fd->get()));
  if (!directory) return error_from_errno(errno, "list", path);
  const int directory_fd = fd->release();
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(directory.get());
    if (entry == nullptr) {
      if (const int error_number = errno; error_number != 0) {
        return error_from_errno(error_number, "list", path);
      }
      return {};
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (!visit(name, kind_of_entry(directory_fd, *entry))) return {};
  }
}

Result<Space> PosixDisk::space() {
  struct statvfs info {};
  if (uninterrupted([&] { return ::fstatvfs(beneath_.root(), &info); }) < 0) {
    return error_from_errno(errno, "ask for the free space of", "");
  }
  const std::uint64_t block_bytes = info.f_frsize;
  return Space{block_bytes * info.f_blocks, block_bytes * info.f_bavail, info.f_files,
               info.f_favail};
}

Result<std::unique_ptr<DiskLock>> PosixDisk::lock(std::string_view path) {
  auto opened = open_regular(path, O_RDWR | O_NONBLOCK | O_CREAT, "open lock");
  if (!opened) return opened.error();
  if (uninterrupted([&] { return ::flock(opened->fd.get(), LOCK_EX | LOCK_NB); }) < 0) {
    return error_from_errno(errno, "lock", path);
  }
  return std::make_unique<FlockLock>(std::move(opened->fd));
}

}  // namespace

Result<std::unique_ptr<Disk>> open_posix_disk(const std::string& root) {
  UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) {
    Error error = error_from_errno(errno, "open", root);
    if (error.error_number == ENOTDIR) error.kind = ErrorKind::kNotFound;
    return error;
  }
  // SQLite gets a path, which must go on naming this directory when the program changes its own.
  const std::unique_ptr<char, decltype(&std::free)> absolute(::realpath(root.c_str(), nullptr),
                                                             &std::free);
  if (!absolute) return error_from_errno(errno, "open", root);
  return std::make_unique<PosixDisk>(std::move(fd), absolute.get());
}

}  // namespace store
