#include "s3client/transport.h"

namespace s3 {

const std::string* HttpHead::find(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.first == name) return &header.second;
  }
  return nullptr;
}

}  // namespace s3
