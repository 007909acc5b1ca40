#include "tests/support/content.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace fake_s3 {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_md5(), nullptr); }
  ~Md5() { EVP_MD_CTX_free(context_); }
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string raw() {
    std::string digest(16, '\0');
    EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
};

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

std::string md5_raw(std::string_view bytes) {
  Md5 md5;
  md5.update(bytes);
  return md5.raw();
}

std::string md5_hex(std::string_view bytes) { return to_hex(md5_raw(bytes)); }

std::string Content::md5() const {
  const std::lock_guard lock(mutex_);
  if (!md5_.empty()) return md5_;
  Md5 digest;
  std::vector<char> chunk(std::min<std::uint64_t>(kChunkBytes, size_bytes()));
  for (std::uint64_t offset = 0; offset < size_bytes(); offset += chunk.size()) {
    const auto count = std::min<std::uint64_t>(chunk.size(), size_bytes() - offset);
    const std::span<char> out(chunk.data(), count);
    // What cannot be read gets an ETag all the same; the GET will tell.
    if (!read(offset, out)) return "00000000000000000000000000000000";
    digest.update({out.data(), out.size()});
  }
  md5_ = to_hex(digest.raw());
  return md5_;
}

bool MemoryContent::read(std::uint64_t offset, std::span<char> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
  std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return true;
}

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

bool PatternContent::read(std::uint64_t offset, std::span<char> out) const {
  if (offset > size_bytes_ || out.size() > size_bytes_ - offset) return false;
  std::uint64_t index = offset / sizeof(std::uint64_t);
  std::size_t skip = static_cast<std::size_t>(offset % sizeof(std::uint64_t));
  std::size_t filled = 0;
  for (; filled < out.size(); ++index, skip = 0) {
    const std::uint64_t word = mixed(seed_ ^ (index * 0x9e3779b97f4a7c15U));
    if (skip == 0 && out.size() - filled >= sizeof word) {
      std::memcpy(out.data() + filled, &word, sizeof word);
      filled += sizeof word;
      continue;
    }
    char bytes[sizeof word];
    std::memcpy(bytes, &word, sizeof word);
    const std::size_t count = std::min(sizeof word - skip, out.size() - filled);
    std::memcpy(out.data() + filled, bytes + skip, count);
    filled += count;
  }
  return true;
}

std::string altered(const Content& content, std::uint64_t size_bytes) {
  std::string bytes(content.size_bytes(), '\0');
  if (!content.read(0, bytes)) bytes.clear();
  for (char& c : bytes) c = static_cast<char>(~c);
  if (bytes.empty()) return std::string(size_bytes, '!');
  while (bytes.size() < size_bytes) bytes += bytes.substr(0, size_bytes - bytes.size());
  bytes.resize(size_bytes);
  return bytes;
}

std::string Md5Cache::find(const std::string& path, const Stamp& stamp) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(path);
  return found != entries_.end() && found->second.first == stamp ? found->second.second : "";
}

void Md5Cache::put(const std::string& path, const Stamp& stamp, std::string md5) {
  const std::lock_guard lock(mutex_);
  entries_[path] = {stamp, std::move(md5)};
}

FileContent::FileContent(std::string path, Md5Cache::Stamp stamp, std::shared_ptr<Md5Cache> cache)
    : path_(std::move(path)), stamp_(stamp), cache_(std::move(cache)) {}

FileContent::~FileContent() {
  if (fd_ >= 0) close(fd_);
}

bool FileContent::read(std::uint64_t offset, std::span<char> out) const {
  std::call_once(opened_, [this] { fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC); });
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t count =
        pread(fd_, out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
    if (count <= 0) return false;
    filled += static_cast<std::size_t>(count);
  }
  return true;
}

std::string FileContent::md5() const {
  if (std::string known = cache_->find(path_, stamp_); !known.empty()) return known;
  std::string md5 = Content::md5();
  cache_->put(path_, stamp_, md5);
  return md5;
}

}  // namespace fake_s3
