#include "agent/custody/drill_world.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>

namespace agent {
namespace {

std::string name_of_user(uid_t number) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(number, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? fmt::format("{}", number) : std::string(found->pw_name);
}

}  // namespace

DrillWorld drills_world() {
  DrillWorld world;
  world.is_root = ::geteuid() == 0;
  world.user_name = name_of_user(::geteuid());
  return world;
}

}  // namespace agent
