#pragma once

#include <functional>
#include <string>

#include "agent/base/environment.h"
#include "agent/base/exit_status.h"
#include "agent/config/config.h"
#include "agent/run/open_mirror.h"

namespace agent {

/// One source of an opened mirror, for a command on what is held of it.
struct SourceMirror {
  Mirror& mirror;
  std::string name;
  store::SourceId id = 0;  ///< 0: nothing was ever recorded for it
};
using SourceWork = std::function<store::Result<ExitStatus>(SourceMirror&)>;

/// Opens the mirror and does `work` on a source of the configuration, or of the disk. Where that
/// changes the mirror, and another run is at work on it, it waits for its turn. Whatever else
/// stands in the way, and an error of `work`, becomes a line and an exit status.
ExitStatus on_source(const Config& config, const std::string& name, const Environment& environment,
                     store::Access access, const SourceWork& work);

}  // namespace agent
