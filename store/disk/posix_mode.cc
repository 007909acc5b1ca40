#include "store/disk/posix_mode.h"

#include <sys/stat.h>

#include <cerrno>

namespace store {

Status PosixMode::set(int fd, bool finished, std::string_view path) {
  const mode_t mode = finished ? kFinishedMode : kUnfinishedMode;
  if (::fchmod(fd, mode) < 0) {
    const int error_number = errno;
    if (error_number != EPERM && error_number != EOPNOTSUPP && error_number != ENOSYS) {
      return error_from_errno(error_number, "change the mode of", path);
    }
    lacking_ = true;
    return {};
  }
  // FAT says yes and does nothing. What the disk has done once it does again.
  if (kept_) return {};
  struct stat info {};
  if (::fstat(fd, &info) < 0) return error_from_errno(errno, "change the mode of", path);
  const bool done = (info.st_mode & 0222) == (mode & 0222);
  (done ? kept_ : lacking_) = true;
  return {};
}

}  // namespace store
