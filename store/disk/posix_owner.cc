#include "store/disk/posix_owner.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>

#include "store/disk/posix_directory.h"
#include "store/disk/state_paths.h"

namespace store {
namespace {

std::optional<passwd> find_user(const std::string& name, std::array<char, 4096>& buffer) {
  passwd user{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &user, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional(user);
}

Status give_directory(const std::string& path, const passwd& user) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) return error_from_errno(errno, "look at", path);
  if (!S_ISDIR(info.st_mode) || info.st_uid != 0) return {};
  // A filesystem that knows no owners has the one that it was mounted for.
  if (::lchown(path.c_str(), user.pw_uid, user.pw_gid) == 0 || errno == EPERM) return {};
  return error_from_errno(errno, "chown", path);
}

}  // namespace

PosixOwner::PosixOwner(int root_directory) {
  struct stat info {};
  const std::string name(kStateDirectory);
  if (::geteuid() != 0 ||
      ::fstatat(root_directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR(info.st_mode) || info.st_uid == 0) {
    return;
  }
  owner_ = Owner{info.st_uid, info.st_gid};
}

void PosixOwner::give(int file) const {
  if (owner_) std::ignore = ::fchown(file, owner_->user, owner_->group);
}

void PosixOwner::give(int directory, const std::string& name) const {
  if (!owner_) return;
  std::ignore =
      ::fchownat(directory, name.c_str(), owner_->user, owner_->group, AT_SYMLINK_NOFOLLOW);
}

bool PosixOwner::make_ours(int file) const {
  struct stat info {};
  if (::fstat(file, &info) < 0) return false;
  const uid_t user = owner_ ? owner_->user : ::geteuid();
  const gid_t group = owner_ ? owner_->group : ::getegid();
  if (info.st_uid == user && info.st_gid == group) return true;
  if (::fchown(file, user, group) == 0) return true;
  // The group is that of the directory where that says so.
  return info.st_uid == user;
}

Status give_mirror_to(const std::string& user, const std::string& root) {
  std::array<char, 4096> buffer{};
  if (::geteuid() != 0) return {};
  const auto found = find_user(user, buffer);
  if (!found) return {};
  const auto state = root + "/" + std::string(kStateDirectory);
  if (::mkdir(state.c_str(), kDirectoryMode) < 0 && errno != EEXIST) {
    return error_from_errno(errno, "make directory", state);
  }
  if (auto given = give_directory(state, *found); !given) return given;
  return give_directory(root, *found);
}

}  // namespace store
