#include "store/content/filesystem_limits.h"

#include <algorithm>
#include <array>
#include <limits>

namespace store {
namespace {

// "fuse.ntfs-3g": a driver that is a program of its own and was given no device to mount.
std::string_view without_driver(std::string_view filesystem_name) {
  if (!filesystem_name.starts_with("fuse.")) return filesystem_name;
  const auto driver = filesystem_name.substr(5);
  if (driver.find("fat") != std::string_view::npos) {
    return driver.find("exfat") != std::string_view::npos ? "exfat" : "vfat";
  }
  return driver.starts_with("ntfs") ? "ntfs" : filesystem_name;
}

}  // namespace

NameRules name_rules_of(std::string_view filesystem_name) {
  // fuseblk is how ntfs-3g and exfat-fuse appear; a Windows share is as narrow as its server.
  constexpr std::array<std::string_view, 9> kPortableNames = {
      "vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "cifs", "smb3", "smbfs"};
  const auto* const found =
      std::find(kPortableNames.begin(), kPortableNames.end(), without_driver(filesystem_name));
  return found != kPortableNames.end() ? NameRules::kPortable : NameRules::kPosix;
}

std::uint64_t largest_file_bytes_of(std::string_view filesystem_name) {
  const auto name = without_driver(filesystem_name);
  const bool fat = name == "vfat" || name == "msdos";
  return fat ? std::numeric_limits<std::uint32_t>::max()
             : std::numeric_limits<std::uint64_t>::max();
}

bool has_sparse_files(std::string_view filesystem_name) {
  constexpr std::array<std::string_view, 9> kSparse = {"ext2", "ext3", "ext4",     "xfs",  "btrfs",
                                                       "f2fs", "zfs",  "bcachefs", "tmpfs"};
  return std::find(kSparse.begin(), kSparse.end(), filesystem_name) != kSparse.end();
}

}  // namespace store
