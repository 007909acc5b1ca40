#include "tests/stories/mounted_image.h"

#include <fmt/format.h>

#include <filesystem>

#include "tests/support/program.h"

namespace story {
namespace {

// IMAGE SIZE FILESYSTEM
constexpr const char* kMake = R"(
PATH=$PATH:/usr/sbin:/sbin
truncate -s "$2" "$1" || exit
case $3 in
  vfat) mkfs.vfat -F 32 "$1" ;;
  ntfs) mkfs.ntfs -F -q -f "$1" ;;
  *) mkfs.$3 -q "$1" || mkfs.$3 "$1" ;;
esac
)";

// IMAGE DIRECTORY OPTIONS FILESYSTEM: by the kernel, else by the driver that Debian has for it. A
// driver that is a program of its own ends when its directory is unmounted.
constexpr const char* kMount = R"(
PATH=$PATH:/usr/sbin:/sbin
case $4 in
  vfat|exfat|ntfs) ;;
  *) exec mount -o "loop,$3" "$1" "$2" ;;
esac
kernel=$4
[ "$4" != ntfs ] || kernel=ntfs3
mount -t "$kernel" -o "loop,$3" "$1" "$2" && exit
exec >/dev/null 2>&1 </dev/null
[ "$4" != vfat ] || exec fusefat -o rw+ "$1" "$2"
device=$(losetup -f --show "$1") || exit
case $4 in
  exfat) mount.exfat-fuse -o "$3" "$device" "$2" ;;
  ntfs) ntfs-3g -o "$3" "$device" "$2" ;;
esac || { losetup -d "$device"; exit 1; }
)";

// A device that we set up ourselves is given back once the driver has let go of it.
constexpr const char* kUnmount = R"(
PATH=$PATH:/usr/sbin:/sbin
device=$(findmnt -n -o SOURCE "$1")
type=$(findmnt -n -o FSTYPE "$1")
umount "$1" || exit
[ "$type" = fuseblk ] || exit 0
for try in 1 2 3 4 5 6 7 8 9 10; do
  losetup -d "$device" && break
  sleep 0.2
done
)";

bool succeeds(std::vector<std::string> words) {
  return test::run_program({std::move(words)}).status == 0;
}

}  // namespace

std::unique_ptr<MountedImage> MountedImage::make(const test::TempDir& dir, const std::string& name,
                                                 std::uint64_t size_mib,
                                                 const std::string& filesystem) {
  const auto image = dir / (name + ".img");
  const bool made =
      succeeds({"/bin/sh", "-c", kMake, "sh", image, fmt::format("{}M", size_mib), filesystem});
  return made ? mount(image, dir / name, "rw", filesystem) : nullptr;
}

std::unique_ptr<MountedImage> MountedImage::mount(const std::string& image, const std::string& at,
                                                  const std::string& options,
                                                  const std::string& filesystem) {
  std::filesystem::create_directories(at);
  if (!succeeds({"/bin/sh", "-c", kMount, "sh", image, at, options, filesystem})) return nullptr;
  return std::unique_ptr<MountedImage>(new MountedImage(image, at));
}

MountedImage::~MountedImage() { succeeds({"/bin/sh", "-c", kUnmount, "sh", path_}); }

bool MountedImage::fail_device() const {
  return succeeds(
      {"/bin/sh", "-c", "PATH=$PATH:/usr/sbin; xfs_io -x -c shutdown \"$1\"", "sh", path_});
}

bool MountedImage::remount(const std::string& options) const {
  return succeeds({"mount", "-o", "remount," + options, path_});
}

// The device's counters of writes begun, done and under way.
std::string MountedImage::writes_seen() const {
  return test::run_program({{"/bin/sh", "-c",
                             "d=$(findmnt -n -o SOURCE \"$1\") && "
                             "awk '{print $5, $7, $9, $12, $16}' \"/sys/block/${d#/dev/}/stat\"",
                             "sh", path_}})
      .out;
}

bool MountedImage::copy_at_one_moment(const std::string& to) const {
  constexpr int kMaxTries = 50;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const auto before = writes_seen();
    if (!succeeds({"cp", "--sparse=always", image_, to})) return false;
    const auto after = writes_seen();
    if (!before.empty() && before == after) return true;
  }
  return false;
}

}  // namespace story
