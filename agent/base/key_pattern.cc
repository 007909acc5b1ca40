#include "agent/base/key_pattern.h"

#include "agent/base/glob.h"

namespace agent {

bool KeyPattern::matches(std::string_view key) const {
  return key == text_ || glob_match(glob_, key);
}

}  // namespace agent
