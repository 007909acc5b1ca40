#include "agent/custody/stale_sums.h"

namespace agent {

store::Status write_stale_sums(RunContext& context) {
  for (const auto& source : context.sources) {
    auto written = context.mirror.refresh_sums(source.id, source.config->name);
    if (!written) return written;
  }
  return {};
}

}  // namespace agent
