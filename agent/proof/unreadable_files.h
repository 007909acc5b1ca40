#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace agent {

/// The files of the mirror that could not be read in this run, and were not known to be damaged.
/// One is its key's trouble; so many different ones are the disk's. Thread-safe.
class UnreadableFiles {
 public:
  /// True when it is the disk that fails.
  bool note(const std::string& path) {
    const std::lock_guard lock(mutex_);
    paths_.insert(path);
    return paths_.size() >= kMaxUnreadable;
  }

 private:
  static constexpr std::size_t kMaxUnreadable = 5;
  std::mutex mutex_;
  std::set<std::string> paths_;
};

}  // namespace agent
