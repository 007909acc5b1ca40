#include <cstdio>
#include <string>

#include "agent/base/signal_watcher.h"
#include "agent/report/watch.h"
#include "agent/system/cli_options.h"
#include "agent/system/system_environment.h"

namespace agent {
namespace {

void write_log_line(const std::string& line) {
  // Over a progress bar that may stand there.
  static const bool over_bar = understands_escape_codes();
  if (over_bar) std::fputs("\r\x1b[K", stderr);
  std::fputs((line + "\n").c_str(), stderr);
}

Log make_log(const Arguments& arguments) {
  const auto verbosity = arguments.verbose ? Log::Verbosity::kVerbose
                         : arguments.quiet ? Log::Verbosity::kQuiet
                                           : Log::Verbosity::kNormal;
  return {arguments.log_format == "json" ? Log::Format::kJson : Log::Format::kText, verbosity,
          write_log_line};
}

}  // namespace

ExitStatus in_system(const Arguments& arguments,
                     const std::function<ExitStatus(const Environment&)>& command) {
  StopFlag stop{false};
  const SignalWatcher watcher(stop);
  SystemClock clock;
  Log log = make_log(arguments);
  return command(system_environment(clock, log, stop));
}

ExitStatus with_config(const Arguments& arguments,
                       const std::function<ExitStatus(const Config&, const Environment&)>& command,
                       Purpose purpose) {
  const auto config = load_config(config_path(arguments.config), purpose);
  if (!config) {
    Log log = make_log(arguments);
    log.error({"", "", config.error().message});
    return ExitStatus::kConfig;
  }
  return in_system(arguments,
                   [&](const Environment& environment) { return command(*config, environment); });
}

void tell_of_bad_config(const Arguments& arguments) {
  const auto path = config_path(arguments.config);
  const auto config = load_config(path, Purpose::kNetwork);
  if (config) return;
  (void)in_system(arguments, [&](const Environment& environment) {
    const auto settings = salvage_watch(path);
    Watch(settings, environment).ended_early(ExitStatus::kConfig, config.error().message);
    return ExitStatus::kConfig;
  });
}

}  // namespace agent
