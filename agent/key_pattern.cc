#include "agent/key_pattern.h"

#include "agent/glob.h"

namespace agent {

bool KeyPattern::matches(std::string_view key) const {
  return key == text_ || glob_match(glob_, key);
}

}  // namespace agent
