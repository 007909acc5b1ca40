#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "s3client/client.h"

namespace agent {

/// What no listing that is in order does: to go back, to name a key or a version twice, to call two
/// versions the latest. An entry that comes again as it was (some servers begin a page with the
/// last one of the page before) is dropped. Constant memory.
class ListGuard {
 public:
  explicit ListGuard(bool versions) : versions_(versions) {}

  enum class PageOrder { kGood, kOutOfOrder, kBroken };
  /// Drops what comes again. After anything but kGood it is done for.
  PageOrder sift(s3::ListPage& page);

  /// After kBroken: 'names "k" twice'.
  const std::string& defect() const { return defect_; }
  /// The last entry of all pages; nullptr before the first.
  const s3::ListedObject* last() const { return last_ ? &*last_ : nullptr; }

 private:
  PageOrder check(const s3::ListedObject& object, const s3::ListedObject* before);
  PageOrder check_version(const s3::ListedObject& version);
  PageOrder broken(const char* what, const s3::ListedObject& object);

  const bool versions_;
  std::optional<s3::ListedObject> last_;
  std::string defect_;
  // Of the versions of the key.
  bool has_latest_ = false;
  std::uint64_t seen_ = 0;
  std::uint64_t next_landmark_ = 1;
  std::string landmark_;
};

}  // namespace agent
