#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "agent/base/output.h"
#include "agent/system/cli_options.h"

namespace agent {

/// A command that needs the configuration and its own options, and prints lines.
template <typename Options>
using ConfiguredCommand = ExitStatus (*)(const Config&, const Options&, const Environment&,
                                         const Print&);

/// Where the parser meets `sub`, `command` becomes a call of `run` with `options`. `prepare`, if
/// there is one, is called before it: it makes options of what the parser wrote elsewhere. All but
/// `prepare` outlive the command.
template <typename Options>
void runs(CLI::App& sub, Arguments& arguments, Command& command, ConfiguredCommand<Options> run,
          const Options& options, std::function<void()> prepare = {},
          Purpose purpose = Purpose::kDiskOnly) {
  sub.callback([&arguments, &command, run, &options, prepare = std::move(prepare), purpose] {
    command = [&arguments, run, &options, prepare, purpose] {
      if (prepare) prepare();
      return with_config(
          arguments,
          [&](const Config& config, const Environment& environment) {
            return run(config, options, environment, print_line);
          },
          purpose);
    };
  });
}

}  // namespace agent
