#pragma once

#include "store/disk/disk.h"

namespace test {

/// Passes every call on to another disk. Override what the test is about.
class ForwardingDisk : public store::Disk {
 public:
  explicit ForwardingDisk(store::Disk& target) : target_(target) {}

  store::Result<std::unique_ptr<store::File>> open(std::string_view path,
                                                   store::OpenMode mode) override {
    return target_.open(path, mode);
  }
  store::Result<std::optional<store::FileInfo>> stat(std::string_view path) override {
    return target_.stat(path);
  }
  store::Status make_directory(std::string_view path) override {
    return target_.make_directory(path);
  }
  store::Status rename_no_replace(std::string_view from, std::string_view to) override {
    return target_.rename_no_replace(from, to);
  }
  store::Status link(std::string_view from, std::string_view to) override {
    return target_.link(from, to);
  }
  store::Status link_file(store::File& file, std::string_view to) override {
    return target_.link_file(file, to);
  }
  store::Status make_ours(std::string_view path) override { return target_.make_ours(path); }
  store::Status rename_replace(std::string_view from, std::string_view to) override {
    return target_.rename_replace(from, to);
  }
  store::Status remove_file(std::string_view path) override { return target_.remove_file(path); }
  store::Status remove_directory(std::string_view path) override {
    return target_.remove_directory(path);
  }
  store::Status set_finished(std::string_view path, bool finished) override {
    return target_.set_finished(path, finished);
  }
  store::Status set_modified(std::string_view path, std::chrono::sys_seconds time) override {
    return target_.set_modified(path, time);
  }
  store::Status sync_directory(std::string_view path) override {
    return target_.sync_directory(path);
  }
  store::Status sync_filesystem() override { return target_.sync_filesystem(); }
  store::Status list_directory(
      std::string_view path,
      const std::function<bool(std::string_view, store::FileKind)>& visit) override {
    return target_.list_directory(path, visit);
  }
  store::Result<store::Space> space() override { return target_.space(); }
  store::Result<std::unique_ptr<store::DiskLock>> lock(std::string_view path) override {
    return target_.lock(path);
  }
  std::string root_path() const override { return target_.root_path(); }
  std::string filesystem_name() const override { return target_.filesystem_name(); }
  store::Weakness weakness() const override { return target_.weakness(); }
  std::string database_path(std::string_view path) const override {
    return target_.database_path(path);
  }
  const char* database_vfs() const override { return target_.database_vfs(); }

 private:
  store::Disk& target_;
};

}  // namespace test
