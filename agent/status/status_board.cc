#include "agent/status/status_board.h"

#include <fmt/format.h>

namespace agent {

void StatusBoard::publish() {
  // One at a time, so that an older status never replaces a newer one.
  const std::lock_guard writing(write_mutex_);
  const auto written = write_(to_json(snapshot()));
  if (written || failure_reported_) return;
  failure_reported_ = true;
  log_.warning({"", "",
                fmt::format("the status file cannot be written: {}; correct \"status_file\" or "
                            "its directory",
                            written.error())});
}

}  // namespace agent
