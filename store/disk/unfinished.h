#pragma once

#include <string>
#include <vector>

#include "store/disk/error.h"

namespace store {

/// Something that could not be done because of the file of one content. What was begun with it
/// stays on record, and the next opening of the mirror tries again.
struct Unfinished {
  std::string source_name;
  std::string key;
  Error error;
};
using AllUnfinished = std::vector<Unfinished>;

}  // namespace store
