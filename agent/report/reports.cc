#include "agent/report/reports.h"

#include <fmt/format.h>

#include "agent/report/metrics.h"
#include "agent/report/page.h"

namespace agent {
namespace {

void write(const Environment& environment, std::string_view key, const std::string& path,
           const std::string& text) {
  const auto written = environment.replace_file(path, text);
  if (written) return;
  environment.log.warning(
      {"", "",
       fmt::format("{} cannot be written: {}; correct \"{}\" or its directory; the backup is not "
                   "affected",
                   key, written.error(), key)});
}

}  // namespace

void write_metrics(const Config& config, const Environment& environment,
                   const StatusReport& status) {
  const auto& path = config.agent.metrics_file;
  if (!path.empty()) write(environment, "metrics_file", path, to_metrics(status));
}

void write_reports(const Config& config, const Environment& environment, const StatusReport& status,
                   const MirrorError* error) {
  write_metrics(config, environment, status);
  const auto& path = config.agent.html_file;
  if (path.empty()) return;
  Present present;
  present.now = environment.clock.now_s();
  if (error != nullptr) show_unusable_disk(*error, present);
  write(environment, "html_file", path, to_page(status, present));
}

}  // namespace agent
