#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "store/disk/error.h"

namespace store {

/// A file descriptor that closes itself. Leaves errno alone: it is often why this goes out of
/// scope.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() {
    const int error_number = errno;
    if (fd_ >= 0) ::close(fd_);
    errno = error_number;
  }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// Repeats a system call that a signal interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

/// The error of a call that found nothing of that name.
inline bool nothing_there(const Error& error) {
  return error.error_number == ENOENT || error.error_number == ENOTDIR;
}

/// What filesystems answer to a rename flag, a hard link or a time that they do not know.
inline bool lacks_support(int error_number) {
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP ||
         error_number == EPERM;
}

}  // namespace store
