#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace fake_s3 {

std::string md5_hex(std::string_view bytes);
std::string md5_raw(std::string_view bytes);
std::string to_hex(std::string_view bytes);

/// The bytes of one version of an object. Never changes; shared between threads.
class Content {
 public:
  virtual ~Content() = default;
  virtual std::uint64_t size_bytes() const = 0;
  /// Fills `out` from `offset`; false when the bytes cannot be had.
  virtual bool read(std::uint64_t offset, std::span<char> out) const = 0;
  /// Lower-case hex. Computed at the first call, which reads everything.
  virtual std::string md5() const;

 private:
  mutable std::mutex mutex_;
  mutable std::string md5_;
};

class MemoryContent : public Content {
 public:
  explicit MemoryContent(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<char> out) const override;

 private:
  const std::string bytes_;
};

/// Bytes computed from a seed and their offset: any size without memory, and a piece from a wrong
/// offset is a wrong piece.
class PatternContent : public Content {
 public:
  PatternContent(std::uint64_t seed, std::uint64_t size_bytes)
      : seed_(seed), size_bytes_(size_bytes) {}
  std::uint64_t size_bytes() const override { return size_bytes_; }
  bool read(std::uint64_t offset, std::span<char> out) const override;

 private:
  const std::uint64_t seed_;
  const std::uint64_t size_bytes_;
};

/// The same bytes with every bit turned over and cut or repeated to a size: what an attacker or a
/// new backup run puts under a known key.
std::string altered(const Content& content, std::uint64_t size_bytes);

/// A well-mixed number for a number (splitmix64).
std::uint64_t mixed(std::uint64_t value);

/// MD5s of files, valid while size, time and inode stay.
class Md5Cache {
 public:
  struct Stamp {
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  /// Empty: not known for this stamp.
  std::string find(const std::string& path, const Stamp& stamp) const;
  void put(const std::string& path, const Stamp& stamp, std::string md5);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<Stamp, std::string>> entries_;
};

/// A file as it was when the object was looked up; opened at the first read.
class FileContent : public Content {
 public:
  FileContent(std::string path, Md5Cache::Stamp stamp, std::shared_ptr<Md5Cache> cache);
  ~FileContent() override;
  FileContent(const FileContent&) = delete;
  FileContent& operator=(const FileContent&) = delete;
  std::uint64_t size_bytes() const override { return stamp_.size_bytes; }
  bool read(std::uint64_t offset, std::span<char> out) const override;
  std::string md5() const override;

 private:
  const std::string path_;
  const Md5Cache::Stamp stamp_;
  const std::shared_ptr<Md5Cache> cache_;
  mutable std::once_flag opened_;
  mutable int fd_ = -1;
};

}  // namespace fake_s3
