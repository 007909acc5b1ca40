#include <fmt/format.h>

#include <algorithm>

#include "agent/base/json_line.h"
#include "agent/commands/commands.h"
#include "agent/report/check_words.h"
#include "agent/report/page.h"
#include "agent/report/status_now.h"
#include "agent/report/status_text.h"
#include "agent/report/success_age.h"

namespace agent {
namespace {

// A source that somebody mistyped is never told to be well.
bool is_known(const StatusReport& status, const std::string& source, Log& log) {
  const auto found = std::any_of(status.sources.begin(), status.sources.end(),
                                 [&](const SourceStatus& s) { return s.name == source; });
  if (source.empty() || found) return true;
  log.error({"", "",
             fmt::format("there is no [source {}] in the configuration, and nothing of that "
                         "name lies on the disk",
                         source)});
  return false;
}

ExitStatus check(const Sight& sight, AssessmentOptions options, const Print& print) {
  if (!options.max_age) options.max_age = kStandardAge;
  const auto assessment = assess(sight.status, sight.present, options);
  print(check_line(sight.status, sight.present, assessment, options));
  // The four numbers of the plugins, of which 3 is not one of ours.
  return static_cast<ExitStatus>(assessment.severity);
}

ExitStatus write_html(const Sight& sight, const StatusOptions& options,
                      const AssessmentOptions& wanted, const Environment& environment) {
  const auto page = to_page(sight.status, sight.present, wanted);
  const auto& write =
      environment.write_named_file ? environment.write_named_file : environment.replace_file;
  const auto written = write(options.html, page);
  if (written) return ExitStatus::kOk;
  environment.log.error({"", "", fmt::format("the page cannot be written: {}", written.error())});
  return ExitStatus::kIncomplete;
}

}  // namespace

ExitStatus status_command(const Config& config, const StatusOptions& options,
                          const Environment& environment, const Print& print) {
  const auto sight = look_around(config, environment);
  const auto& [status, present] = sight;
  if (!is_known(status, options.source, environment.log)) return ExitStatus::kUsage;
  const AssessmentOptions wanted{options.max_age, options.source};
  if (!options.html.empty()) {
    const auto written = write_html(sight, options, wanted, environment);
    if (written != ExitStatus::kOk || !options.check) return written;
  }
  if (options.check) return check(sight, wanted, print);
  print(options.json ? to_json(status) : to_text(status, present, wanted));
  return ExitStatus::kOk;
}

}  // namespace agent
