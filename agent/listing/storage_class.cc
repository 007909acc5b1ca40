#include "agent/listing/storage_class.h"

namespace agent {

bool needs_no_restore(std::string_view storage_class) {
  return !storage_class.empty() && storage_class != "GLACIER" && storage_class != "DEEP_ARCHIVE" &&
         storage_class != "INTELLIGENT_TIERING";
}

}  // namespace agent
