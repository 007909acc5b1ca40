#pragma once

#include <functional>
#include <string>

#include "agent/pull.h"
#include "agent/run_context.h"

namespace agent {

/// Lists and compares, prints what a pull would fetch, and takes every plan back.
ExitStatus dry_run(RunContext& context, const PullOptions& options,
                   const std::function<void(const std::string&)>& print);

}  // namespace agent
