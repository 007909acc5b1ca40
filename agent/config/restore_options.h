#pragma once

#include <optional>
#include <string>

#include "store/disk/time.h"

namespace agent {

/// What `holdfast restore` was told.
struct RestoreOptions {
  std::string source{};
  std::string pattern{};  ///< a key; where there is none of that name, a glob
  std::string to{};       ///< a directory that exists; not needed with `list`
  std::optional<store::Time> as_of{};
  std::string generation{};  ///< its name, or 8 or more first digits of its SHA-256;
                             ///< `pattern` is a key then
  bool list = false;
  bool json = false;
};

}  // namespace agent
