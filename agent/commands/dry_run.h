#pragma once

#include <functional>
#include <string>

#include "agent/commands/pull.h"
#include "agent/run/run_context.h"

namespace agent {

/// Lists and compares, prints what a pull would fetch and its total, and takes every plan back. Of
/// each source that has something to fetch the first bytes of one object are asked for, so that a
/// key that may list but not get is found.
ExitStatus dry_run(RunContext& context, const PullOptions& options,
                   const std::function<void(const std::string&)>& print);

}  // namespace agent
