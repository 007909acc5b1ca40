#include "store/disk/posix_names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "store/disk/posix_file.h"

namespace store {
Status PosixNames::rename_no_replace(std::string_view from, std::string_view to) {
  const auto source = beneath_.kept_place_of(from, "rename");
  if (!source) return source.error();
  const auto target = beneath_.kept_place_of(to, "rename to");
  if (!target) return target.error();
  const char* const old_name = source->name.c_str();
  const char* const new_name = target->name.c_str();
  owner_.give(source->directory, source->name);

  if (::renameat2(source->directory, old_name, target->directory, new_name, RENAME_NOREPLACE) ==
      0) {
    return {};
  }
  int error_number = errno;
  // A directory that was removed is made again by whoever wants it.
  if (error_number == ENOENT) beneath_.forget();
  if (!lacks_support(error_number)) return error_from_errno(error_number, "rename to", to);

  if (::linkat(source->directory, old_name, target->directory, new_name, 0) == 0) {
    if (::unlinkat(source->directory, old_name, 0) == 0) return {};
    return error_from_errno(errno, "remove the old name", from);
  }
  error_number = errno;
  if (!lacks_support(error_number)) return error_from_errno(error_number, "link to", to);
  return rename_after_check(*source, *target, to);
}

Status PosixNames::link(std::string_view from, std::string_view to) {
  const auto source = beneath_.place_of(from, "link");
  if (!source) return source.error();
  const auto target = beneath_.place_of(to, "link to");
  if (!target) return target.error();
  if (::linkat(source->directory, source->name.c_str(), target->directory, target->name.c_str(),
               0) == 0) {
    return {};
  }
  // Too many links is a limit of the filesystem's, and a copy does not meet it.
  const int error_number = errno == EMLINK ? EOPNOTSUPP : errno;
  return error_from_errno(lacks_support(error_number) ? EOPNOTSUPP : error_number, "link to", to);
}

Status PosixNames::link_file(File& file, std::string_view to) {
  const auto target = beneath_.place_of(to, "link to");
  if (!target) return target.error();
  const auto fd = descriptor_of(file);
  if (!fd) return error_from_errno(EOPNOTSUPP, "link to", to);
  const auto open_file = "/proc/self/fd/" + std::to_string(*fd);
  if (::linkat(AT_FDCWD, open_file.c_str(), target->directory, target->name.c_str(),
               AT_SYMLINK_FOLLOW) == 0) {
    return {};
  }
  const int error_number = errno;
  const bool no_proc = error_number == ENOENT && ::access(open_file.c_str(), F_OK) != 0;
  const bool cannot = no_proc || lacks_support(error_number) || error_number == EXDEV ||
                      error_number == EMLINK || error_number == EACCES;
  return error_from_errno(cannot ? EOPNOTSUPP : error_number, "link to", to);
}

Status PosixNames::rename_after_check(const Beneath::Place& from, const Beneath::Place& to,
                                      std::string_view path) {
  struct stat info {};
  if (::fstatat(to.directory, to.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return error_from_errno(EEXIST, "rename to", path);
  }
  if (const int error_number = errno; error_number != ENOENT) {
    return error_from_errno(error_number, "rename to", path);
  }
  if (::renameat(from.directory, from.name.c_str(), to.directory, to.name.c_str()) < 0) {
    return error_from_errno(errno, "rename to", path);
  }
  no_exclusive_rename_ = true;
  return {};
}

Status PosixNames::rename_replace(std::string_view from, std::string_view to) {
  const auto source = beneath_.place_of(from, "rename");
  if (!source) return source.error();
  const auto target = beneath_.place_of(to, "rename to");
  if (!target) return target.error();
  owner_.give(source->directory, source->name);
  if (::renameat(source->directory, source->name.c_str(), target->directory, target->name.c_str()) <
      0) {
    return error_from_errno(errno, "rename to", to);
  }
  return {};
}

Status PosixNames::remove(std::string_view path, int flags) {
  if (flags == AT_REMOVEDIR) beneath_.forget();
  const auto place = beneath_.place_of(path, "remove");
  if (!place) {
    if (nothing_there(place.error())) return {};
    return place.error();
  }
  if (::unlinkat(place->directory, place->name.c_str(), flags) == 0) return {};
  const int error_number = errno;
  if (error_number == ENOENT) return {};
  return error_from_errno(error_number, "remove", path);
}

}  // namespace store
