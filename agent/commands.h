#pragma once

#include <functional>
#include <string>

#include "agent/config.h"
#include "agent/environment.h"
#include "agent/exit_status.h"

namespace agent {

/// One line, or one document, on stdout.
using Print = std::function<void(const std::string&)>;

/// `holdfast init PATH`: makes the directory a holdfast disk and prints the `[disk]` lines for it.
ExitStatus init_command(const std::string& path, const Environment& environment,
                        const Print& print);

struct ListOptions {
  std::string source;
  std::string glob;  ///< empty: everything
  bool json = false;
};
/// `holdfast list SOURCE [GLOB]`: what is held, one archive a line.
ExitStatus list_command(const Config& config, const ListOptions& options,
                        const Environment& environment, const Print& print);

/// `holdfast status`: the status file; where there is none, as on a machine that the disk was moved
/// to, what the ledger says.
ExitStatus status_command(const Config& config, bool json, const Environment& environment,
                          const Print& print);

}  // namespace agent
