#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What libFuzzer calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes);

namespace fuzz {

/// Ends the program, so that the fuzzer keeps the input, where a property does not hold.
inline void demand(bool holds, std::string_view property, std::string_view about = {}) {
  if (holds) return;
  std::fprintf(stderr, "not so: %.*s\n  of: %.*s\n", static_cast<int>(property.size()),
               property.data(), static_cast<int>(about.size()), about.data());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size_bytes) {
  return {static_cast<const char*>(static_cast<const void*>(data)), size_bytes};
}

/// Cuts off what stands before the first line break, and takes the break away.
inline std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return line;
}

/// Fit for a terminal and a log line.
inline bool is_plain_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

/// A file in memory, for what reads one by its name.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    constexpr mode_t kOwner = 0600;
    const bool whole =
        fd_ >= 0 && ::fchmod(fd_, kOwner) == 0 &&
        ::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    demand(whole, "there is memory for a file");
    path_ = "/proc/self/fd/" + std::to_string(fd_);
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace fuzz
