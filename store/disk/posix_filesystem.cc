#include "store/disk/posix_filesystem.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace store {
namespace {

std::uint32_t magic_of(int directory) {
  struct statfs info {};
  if (::fstatfs(directory, &info) != 0) return 0;
  // Some architectures have a signed f_type; the magic numbers are of 32 bits everywhere.
  return static_cast<std::uint32_t>(info.f_type);
}

std::string name_of_magic(std::uint32_t magic) {
  switch (magic) {
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case XFS_SUPER_MAGIC:
      return "xfs";
    case F2FS_SUPER_MAGIC:
      return "f2fs";
    case MSDOS_SUPER_MAGIC:
      return "vfat";
    case 0x2011bab0:
      return "exfat";
    case 0x7366746e:
      return "ntfs3";
    case 0x5346544e:
      return "ntfs";
    case FUSE_SUPER_MAGIC:
      return "fuse";
    case TMPFS_MAGIC:
      return "tmpfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlay";
    default:
      return "unknown";
  }
}

// "36 35 8:17 / /mnt/backup rw,noatime master:1 - exfat /dev/sdb1 rw"
std::string type_in_mountinfo(const std::string& line, const std::string& device) {
  std::istringstream fields(line);
  std::string field;
  for (int i = 0; i < 3; ++i) fields >> field;
  if (field != device) return {};
  while (fields >> field && field != "-") {
  }
  fields >> field;
  return fields ? field : std::string();
}

}  // namespace

std::string filesystem_name_of(int directory) {
  struct stat info {};
  if (::fstat(directory, &info) == 0) {
    const std::string device = fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
      if (std::string type = type_in_mountinfo(line, device); !type.empty()) return type;
    }
  }
  // btrfs gives each subvolume a device of its own, and a container may have no /proc.
  return name_of_magic(magic_of(directory));
}

bool can_sync_filesystem(int directory) {
  // FUSE does not pass syncfs() on to the program that would have to do it.
  if (magic_of(directory) == FUSE_SUPER_MAGIC) return false;
  // Before Linux 5.8 it succeeds whatever became of the writes.
  utsname system{};
  int major_version = 0;
  int minor_version = 0;
  if (::uname(&system) != 0 ||
      std::sscanf(system.release, "%d.%d", &major_version, &minor_version) != 2) {
    return false;
  }
  return major_version > 5 || (major_version == 5 && minor_version >= 8);
}

}  // namespace store
