#include "agent/proof/sidecar.h"

#include <algorithm>

namespace agent {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

}  // namespace

const SidecarKind& sidecar_kind(std::string_view suffix) {
  return suffix == kSidecarKinds.front().suffix ? kSidecarKinds.front() : kSidecarKinds.back();
}

std::string digest_in_sidecar(std::string_view content, std::string_view name, std::size_t digits) {
  std::string first;
  bool only_one = true;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    auto line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto hex = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
    if (hex.size() != digits || hex.find_first_not_of(kHexDigits) != std::string_view::npos)
      continue;
    auto file = line.substr(hex.size());
    file.remove_prefix(std::min(file.find_first_not_of(" \t*"), file.size()));
    if (file.substr(file.rfind('/') + 1) == name) return std::string(hex);
    only_one = first.empty();
    if (file.empty() && first.empty()) first = hex;
  }
  // A bare digest speaks for the file it stands beside; one with another name does not.
  return only_one ? first : "";
}

}  // namespace agent
