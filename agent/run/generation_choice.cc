#include "agent/run/generation_choice.h"

#include <fmt/format.h>

#include "agent/base/log.h"
#include "store/content/digest.h"

namespace agent {
namespace {

// Whoever writes to the bucket can make a content whose SHA-256 begins with the few digits that
// somebody wrote down.
constexpr std::size_t kMinDigits = 8;

bool is_meant(const store::Generation& generation, std::string_view id) {
  return generation.path.substr(generation.path.rfind('/') + 1) == id ||
         store::to_hex(generation.sha256).starts_with(id);
}

}  // namespace

Result<std::optional<store::Generation>> choose_generation(
    const std::vector<store::Generation>& contents, std::string_view id, std::string_view source) {
  if (id.size() < kMinDigits) {
    return fmt::format(
        "--generation needs at least {} digits of the SHA-256, which 'holdfast list {} "
        "--all --json' shows",
        kMinDigits, source);
  }
  std::optional<store::Generation> chosen;
  for (const auto& one : contents) {
    if (!is_meant(one, id)) continue;
    if (!chosen) chosen = one;
    if (one.sha256 != chosen->sha256) {
      return fmt::format(
          "'{}' matches more than one copy; give more digits of the SHA-256, which "
          "'holdfast list {} --all --json' shows",
          printable(id), source);
    }
  }
  return chosen;
}

}  // namespace agent
