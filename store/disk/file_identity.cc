#include "store/disk/file_identity.h"

#include <sys/stat.h>

#include <cerrno>

namespace store {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// FAT knows whole seconds only, and gives its root the same number and no date everywhere.
bool tells_moments(const FileIdentity& identity) { return identity.changed_ns % kSecondNs != 0; }

}  // namespace

bool is_same_file(const FileIdentity& one, const FileIdentity& other) {
  return one.device == other.device && one.inode == other.inode;
}

bool seems_same_file(const FileIdentity& one, const FileIdentity& other) {
  if (is_same_file(one, other)) return true;
  return one.inode == other.inode && one.changed_ns == other.changed_ns && tells_moments(one);
}

Result<std::optional<FileIdentity>> find_file_identity(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) {
    const int error_number = errno;
    if (error_number == ENOENT || error_number == ENOTDIR) return std::nullopt;
    return error_from_errno(error_number, "look at", path);
  }
  return FileIdentity{
      info.st_dev, info.st_ino, info.st_nlink,
      static_cast<std::int64_t>(info.st_ctim.tv_sec) * kSecondNs + info.st_ctim.tv_nsec};
}

}  // namespace store
