#include "store/system_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace store {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

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

// errno of the first step that failed, 0 when all went well.
int write_new_file(const std::string& path, std::string_view content) {
  // Whatever has this name is what a crash left, or a trap: a pipe would keep us waiting.
  ::unlink(path.c_str());
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
  if (file.get() < 0) return errno;
  // The umask may have taken away what a monitoring user needs.
  if (::fchmod(file.get(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0) return errno;
  if (const int error = write_all(file.get(), content); error != 0) return error;
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

int sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return errno;
  if (::fsync(directory.get()) == 0 || errno == EINVAL) return 0;
  return errno;
}

}  // namespace

Status replace_system_file(const std::string& path, std::string_view content) {
  const auto temporary = fmt::format("{}.{}.new", path, ::getpid());
  int error = write_new_file(temporary, content);
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

Result<std::optional<std::string>> read_system_file(const std::string& path) {
  // A pipe in its place would keep us waiting.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return error_from_errno(errno, "read", path);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return error_from_errno(errno, "read", path);
  if (!S_ISREG(status.st_mode)) return Error{ErrorKind::kIo, EINVAL, path, "it is no regular file"};
  std::string content;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_from_errno(errno, "read", path);
    if (got == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(got));
    if (content.size() > kMostBytes) {
      return Error{ErrorKind::kIo, EFBIG, path, "the file is too large"};
    }
  }
}

}  // namespace store
