#include "store/disk/system_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
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

// Where a path leads.
struct Destination {
  std::string path;
  // None: nothing is there. That of a link: it leads to an open file of some process.
  std::optional<mode_t> mode;
};

std::string_view name_of_kind(mode_t mode) {
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISDIR(mode)) return "a directory";
  return "a link to an open file";
}

Error no_file_error(const std::string& path, mode_t mode) {
  return {ErrorKind::kExists, 0, path,
          fmt::format("\"{}\" is {}, not a file", path, name_of_kind(mode))};
}

// Links in /proc are not texts: what they lead to may have no name, and who opens one gets there.
bool lies_in_proc(const std::string& path) {
  struct statfs filesystem {};
  return ::statfs(directory_of(path).c_str(), &filesystem) == 0 &&
         filesystem.f_type == PROC_SUPER_MAGIC;
}

// Whoever else may write to a directory could have root replace any file with such a link.
bool may_follow(const struct stat& link) { return link.st_uid == 0 || link.st_uid == ::geteuid(); }

Result<std::string> target_of_link(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const auto size = ::readlink(path.c_str(), text.data(), text.size());
  if (size < 0) return error_from_errno(errno, "write", path);
  const std::string target(text.data(), static_cast<std::size_t>(size));
  return target.starts_with('/') ? target : directory_of(path) + "/" + target;
}

Result<Destination> destination_of(const std::string& given) {
  constexpr int kMaxLinks = 40;  // as the kernel
  std::string path = given;
  for (int links = 0; links <= kMaxLinks; ++links) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0) {
      if (errno != ENOENT) return error_from_errno(errno, "write", path);
      return Destination{path, std::nullopt};
    }
    if (!S_ISLNK(there.st_mode) || lies_in_proc(path)) return Destination{path, there.st_mode};
    if (!may_follow(there)) {
      return Error{ErrorKind::kRefusedName, 0, path,
                   fmt::format("\"{}\" is another user's link: name what it leads to", path)};
    }
    auto target = target_of_link(path);
    if (!target) return target.error();
    path = std::move(*target);
  }
  return error_from_errno(ELOOP, "write", given);
}

Status replace_at(const std::string& path, std::string_view content, bool may_make_directory) {
  const auto temporary = temporary_name_of(path);
  int error = write_new_file(temporary, content, {});
  if (error == ENOENT && may_make_directory) {
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

bool is_stdout(const struct stat& there) {
  struct stat ours {};
  return ::fstat(STDOUT_FILENO, &ours) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

Status append_to(int file, const std::string& path, std::string_view content) {
  const int error = write_all(file, content);
  return error == 0 ? Status{} : error_from_errno(error, "write", path);
}

Status write_into(const std::string& path, std::string_view content) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return error_from_errno(errno, "write", path);
  // What a disk holds would be lost.
  if (S_ISBLK(there.st_mode)) return no_file_error(path, there.st_mode);
  // Opening it again would lose our place in a file, and cannot be done to a socket.
  if (is_stdout(there)) return append_to(STDOUT_FILENO, path, content);
  // A pipe that nobody reads would keep us waiting, and no signal would end that.
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0 && errno == ENXIO && S_ISFIFO(there.st_mode)) {
    return Error{ErrorKind::kIo, ENXIO, path,
                 fmt::format("\"{}\" is a pipe that nobody reads", path)};
  }
  if (file.get() < 0) return error_from_errno(errno, "write", path);
  if (::fcntl(file.get(), F_SETFL, O_APPEND) != 0) return error_from_errno(errno, "write", path);
  return append_to(file.get(), path, content);
}

}  // namespace

Status replace_system_file(const std::string& path, std::string_view content) {
  const auto at = destination_of(path);
  if (!at) return at.error();
  if (at->mode && !S_ISREG(*at->mode)) return no_file_error(path, *at->mode);
  return replace_at(at->path, content, at->path == path);
}

Status write_named_file(const std::string& path, std::string_view content) {
  const auto at = destination_of(path);
  if (!at) return at.error();
  const auto mode = at->mode.value_or(S_IFREG);
  if (S_ISCHR(mode) || S_ISFIFO(mode) || S_ISLNK(mode)) return write_into(at->path, content);
  return replace_system_file(path, content);
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
  if (replaces && !S_ISREG(there.st_mode)) return no_file_error(path, there.st_mode);
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
