#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace story {

/// A filesystem in a file, mounted as long as this object is.
class MountedImage {
 public:
  /// nullptr: this machine, or this user, cannot mount.
  static std::unique_ptr<MountedImage> make(const test::TempDir& dir, const std::string& name,
                                            std::uint64_t size_mib,
                                            const std::string& filesystem = "ext4");
  /// Of an image that exists. `options` as for mount -o, such as "ro".
  static std::unique_ptr<MountedImage> mount(const std::string& image, const std::string& at,
                                             const std::string& options,
                                             const std::string& filesystem = "ext4");
  ~MountedImage();
  MountedImage(const MountedImage&) = delete;
  MountedImage& operator=(const MountedImage&) = delete;

  const std::string& path() const { return path_; }
  /// From now on the device fails every access, as if somebody had pulled the plug: xfs, ext4.
  bool fail_device() const;
  bool remount(const std::string& options) const;
  /// Copies the image as the device is at one moment: what the disk holds after a power cut. The
  /// kernel may write on meanwhile; a copy during which it did is made again. False: it always did.
  bool copy_at_one_moment(const std::string& to) const;

 private:
  MountedImage(std::string image, std::string path)
      : image_(std::move(image)), path_(std::move(path)) {}
  std::string writes_seen() const;

  std::string image_;
  std::string path_;
};

}  // namespace story
