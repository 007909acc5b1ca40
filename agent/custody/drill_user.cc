#include "agent/custody/drill_user.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/printable.h"

namespace agent {

DrillUser choose_drill_user(const DrillConfig& drill, const DrillWorld& world) {
  const auto& name = drill.user;
  if (!world.is_root) {
    if (name.empty() || name == world.user_name) return {};
    return {{},
            fmt::format("only root can run the command as {}; this is {}: remove \"user\", or let "
                        "root run the drill",
                        printable(name), world.user_name)};
  }
  auto user = world.find_user(name.empty() ? "nobody" : name);
  if (user) return {std::move(user), {}};
  return {{},
          fmt::format("there is no user {} on this system; name one in \"user\"",
                      name.empty() ? "nobody" : printable(name))};
}

}  // namespace agent
