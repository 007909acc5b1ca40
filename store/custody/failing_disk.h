#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace store {

// When files that cannot be read are no longer the trouble of each of them, but the disk's, so that
// a run ends.

/// So many that are read one after the other, as a scrub does.
inline constexpr int kUnreadableInARow = 5;

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

}  // namespace store
