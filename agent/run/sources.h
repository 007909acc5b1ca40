#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "agent/run/run_context.h"
#include "s3client/session.h"

namespace agent {

/// The sources with these names, in the order of the configuration; all when there are no names.
/// nullopt, and a reported problem, for a name that the configuration does not have.
std::optional<std::vector<const SourceConfig*>> select_sources(
    const Config& config, const std::vector<std::string>& names, Log& log);

/// Loads the credentials and makes the session; sends nothing.
s3::Result<std::shared_ptr<s3::Session>> open_session(const SourceConfig& config,
                                                      const Environment& environment);

/// What earlier runs learned of the source's endpoint: from the ledger into `source`, and back.
store::Status recall_facts(RunContext& context, SourceRun& source);
/// A refusal is remembered for a week.
store::Status remember_refusals(RunContext& context);

}  // namespace agent
