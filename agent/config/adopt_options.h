#pragma once

#include <string>

namespace agent {

/// What `holdfast adopt` was told.
struct AdoptOptions {
  enum class How {
    kAny,  ///< a link where the two are on one filesystem, else a copy
    kCopy,
    kMove,  ///< as kAny; what has become an archive is removed from the directory
    kLink,  ///< or not at all
  };
  std::string source{};
  std::string directory{};
  How how = How::kAny;
  std::string strip{};  ///< what the other tool left out at the front of each key
  bool orphans = false;
  bool quarantine = false;
  bool dry_run = false;
};

}  // namespace agent
