#include "store/disk/system_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace store {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(file, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

constexpr mode_t kForAll = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
constexpr mode_t kForGroup = S_IRUSR | S_IWUSR | S_IRGRP;
constexpr mode_t kDirectoryForAll = S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;
constexpr mode_t kDirectoryForGroup = S_IRWXU | S_IRGRP | S_IXGRP;

struct Access {
  mode_t mode = kForAll;
  // Left as they are where they are -1.
  uid_t owner = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
};

// errno of the first step that failed, 0 when all went well.
int write_new_file(const std::string& path, std::string_view content, const Access& access) {
  // Whatever has this name is what a crash left, or a trap: a pipe would keep us waiting.
  ::unlink(path.c_str());
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
  if (file.get() < 0) return errno;
  if (::fchown(file.get(), access.owner, access.group) != 0 && errno != EPERM) return errno;
  // After the owner, and whatever the umask has taken away: a monitoring user needs it.
  if (::fchmod(file.get(), access.mode) != 0) return errno;
  if (const int error = write_all(file.get(), content); error != 0) return error;
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

int sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return errno;
  if (::fsync(directory.get()) == 0 || errno == EINVAL) return 0;
  return errno;
}

// Where there is none yet; that there is one already is no error.
Status make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return {};
    return error_from_errno(errno, "make the directory", path);
  }
  // Whatever the umask has taken away.
  if (::chmod(path.c_str(), mode) != 0) return error_from_errno(errno, "chmod", path);
  if (const int error = sync_directory(directory_of(path)); error != 0) {
    return error_from_errno(error, "sync the directory of", path);
  }
  return {};
}

std::string temporary_name_of(const std::string& path) {
  return fmt::format("{}.{}.new", path, ::getpid());
}

Status rename_no_replace(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return error_from_errno(errno, "write", to);
  // A filesystem that knows no such rename has links.
  if (::link(from.c_str(), to.c_str()) != 0) return error_from_errno(errno, "write", to);
  ::unlink(from.c_str());
  return {};
}

}  // namespace

Status replace_system_file(const std::string& path, std::string_view content) {
  const auto temporary = temporary_name_of(path);
  int error = write_new_file(temporary, content, {});
  if (error == ENOENT) {
    if (auto made = make_directory(directory_of(path), kDirectoryForAll); !made) return made;
    error = write_new_file(temporary, content, {});
  }
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    return error_from_errno(error, "write", path);
  }
  if (error = sync_directory(directory_of(path)); error != 0) {
    return error_from_errno(error, "sync the directory of", path);
  }
  return {};
}

StagedSystemFile::StagedSystemFile(std::string path, std::string staged_path, bool replaces)
    : path_(std::move(path)), staged_path_(std::move(staged_path)), replaces_(replaces) {}

StagedSystemFile::StagedSystemFile(StagedSystemFile&& other) noexcept
    : path_(other.path_),
      staged_path_(std::exchange(other.staged_path_, {})),
      replaces_(other.replaces_) {}

StagedSystemFile::~StagedSystemFile() {
  if (!staged_path_.empty()) ::unlink(staged_path_.c_str());
}

Status StagedSystemFile::place() {
  if (replaces_) {
    if (::rename(staged_path_.c_str(), path_.c_str()) != 0) {
      return error_from_errno(errno, "write", path_);
    }
  } else if (auto renamed = rename_no_replace(staged_path_, path_); !renamed) {
    return renamed;
  }
  staged_path_.clear();
  if (const int error = sync_directory(directory_of(path_)); error != 0) {
    return error_from_errno(error, "sync the directory of", path_);
  }
  return {};
}

Result<StagedSystemFile> stage_system_file(const std::string& given, std::string_view content) {
  // What a link leads to is replaced, not the link.
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(given.c_str(), nullptr),
                                                         &std::free);
  const std::string path = real ? real.get() : given;
  const auto directory = directory_of(path);
  struct stat there {};
  Access access;
  const bool replaces = ::stat(path.c_str(), &there) == 0;
  if (!replaces && errno != ENOENT) return error_from_errno(errno, "look at", path);
  if (replaces) {
    access = Access{there.st_mode & static_cast<mode_t>(~S_IFMT), there.st_uid, there.st_gid};
  } else {
    if (auto made = make_directory(directory, kDirectoryForGroup); !made) return made.error();
    if (::stat(directory.c_str(), &there) != 0)
      return error_from_errno(errno, "look at", directory);
    access = Access{kForGroup, static_cast<uid_t>(-1), there.st_gid};
  }
  StagedSystemFile staged(path, temporary_name_of(path), replaces);
  const int error = write_new_file(temporary_name_of(path), content, access);
  if (error != 0) return error_from_errno(error, "write", path);
  return staged;
}

Result<std::optional<std::string>> read_system_file(const std::string& path) {
  // A pipe in its place would keep us waiting.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return error_from_errno(errno, "read", path);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return error_from_errno(errno, "read", path);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorKind::kIo, EINVAL, path, "it is not a regular file"};
  std::string content;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_from_errno(errno, "read", path);
    if (got == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(got));
    if (content.size() > kMaxBytes) {
      return Error{ErrorKind::kIo, EFBIG, path, "the file is too large"};
    }
  }
}

}  // namespace store
