#include "agent/custody/damage_alarm.h"

#include <fmt/format.h>

namespace agent {

std::string damage_message(const store::Reading& reading) {
  const auto& path = reading.path;
  const bool is_generation = !reading.holding.generation_path.empty();
  const auto remedy = fmt::format(
      "{}; if it has not, and the loss is understood: holdfast ack {}",
      is_generation
          ? "the trusted copy is not affected; the next pull fetches it again if the bucket lists "
            "this very content"
          : "the next pull fetches it again as long as the bucket has this very content",
      path.substr(0, path.find('/')));
  return reading.finding == store::Finding::kMissing
             ? fmt::format("{}: {}; holdfast did not remove it, so find out who did; {}", path,
                           reading.detail, remedy)
             : fmt::format("{}: {}; look at the disk ('dmesg', 'smartctl'); {}", path,
                           reading.detail, remedy);
}

}  // namespace agent
