#pragma once

#include <string>

#include "tests/support/forwarding_disk.h"

namespace test {

/// A directory of another disk, as a disk of its own on the same filesystem.
class SubDisk : public ForwardingDisk {
 public:
  SubDisk(store::Disk& target, std::string directory)
      : ForwardingDisk(target), directory_(std::move(directory)) {}

  store::Result<std::unique_ptr<store::File>> open(std::string_view path,
                                                   store::OpenMode mode) override {
    return ForwardingDisk::open(at(path), mode);
  }
  store::Result<std::optional<store::FileInfo>> stat(std::string_view path) override {
    return ForwardingDisk::stat(at(path));
  }
  store::Status remove_file(std::string_view path) override {
    return ForwardingDisk::remove_file(at(path));
  }
  store::Status list_directory(
      std::string_view path,
      const std::function<bool(std::string_view, store::FileKind)>& visit) override {
    return ForwardingDisk::list_directory(at(path), visit);
  }
  std::string root_path() const override { return ForwardingDisk::root_path() + "/" + directory_; }

 protected:
  /// The path in the disk that is forwarded to; the directory may be "", its root.
  std::string at(std::string_view path) const {
    if (directory_.empty() || path.empty()) return directory_ + std::string(path);
    return directory_ + "/" + std::string(path);
  }

 private:
  const std::string directory_;
};

}  // namespace test
