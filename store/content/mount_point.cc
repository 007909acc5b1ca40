#include "store/content/mount_point.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>

namespace store {

Result<bool> is_mount_point(const std::string& path) {
  struct stat self {};
  struct stat parent {};
  if (::stat(path.c_str(), &self) < 0 || ::stat((path + "/..").c_str(), &parent) < 0) {
    return error_from_errno(errno, "look at", path);
  }
  const bool is_root = self.st_dev == parent.st_dev && self.st_ino == parent.st_ino;
  return self.st_dev != parent.st_dev || is_root;
}

Result<bool> is_read_only(const std::string& path) {
  struct statvfs filesystem {};
  if (::statvfs(path.c_str(), &filesystem) < 0) return error_from_errno(errno, "look at", path);
  return (filesystem.f_flag & ST_RDONLY) != 0;
}

}  // namespace store
