#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/run/run_context.h"
#include "s3client/client.h"

namespace agent {

/// What a listing that ended cleanly had, as far as the filters of its source go.
struct Sifted {
  std::uint64_t listed = 0;               ///< keys with a current content
  std::uint64_t matched = 0;              ///< entries that the filters let through
  std::vector<std::string> dropped = {};  ///< the first keys that they did not
};

/// What to say where nothing is wanted: what was listed, what dropped it, and the nearest spelling
/// that has something. For that a few more listings may be asked for, one page each and once.
std::string why_nothing_matches(const SourceConfig& source, const Sifted& sifted,
                                s3::Client& client);

/// Whether this listing leaves the source with nothing, at first contact or because its filter lets
/// nothing through (any more).
store::Result<bool> is_nothing(const RunContext& context, const SourceRun& source,
                               const Sifted& sifted);

/// Raises the alarm `nothing`, once for each filter, and ends it where something is wanted again.
/// To be called before the plan of the listing is committed: it is part of that.
store::Status watch_for_nothing(RunContext& context, const SourceRun& source, const Sifted& sifted,
                                s3::Client& client);
/// Says it, in a dry run, which raises no alarm.
store::Status warn_of_nothing(const RunContext& context, const SourceRun& source,
                              const Sifted& sifted, s3::Client& client);

}  // namespace agent
