#pragma once

#include "agent/run/run_context.h"

namespace agent {

/// Reads what the ledger remembers of the source's listings into `source.listing`: whether the
/// server cuts them short or does not sort them, and whether this one is due to be doubted. An
/// error is the ledger's.
store::Status recall_listing(const RunContext& context, SourceRun& source);

/// What one listing has shown of the server.
struct ListingTraits {
  bool was_cut = false;   ///< it claimed to be complete, and was not
  bool in_order = true;   ///< it came in the byte order of the keys
  bool asked_on = false;  ///< it was asked for more after its last key
};

/// Remembers it in the ledger, durably, and warns once of each fault that is new. An error is the
/// ledger's.
store::Status remember_listing(RunContext& context, const SourceRun& source,
                               const ListingTraits& seen);

}  // namespace agent
