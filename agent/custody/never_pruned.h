#pragma once

#include "agent/config/config.h"
#include "agent/config/retention.h"
#include "store/ledger/ledger.h"

namespace agent {

/// What a set is kept for whatever others there are and whatever the keep rules count:
/// - a damaged content waits for its repair, and counts for no rule;
/// - the trusted content of a name that has other contents stays as long as they do; that of a name
///   that is meant to rotate stays for good;
/// - what `keep_within` says is too young.
Keeps keeps_of_itself(const SourceConfig& source, const store::HeldSet& set, store::Time now);

/// False: the expression in `series` does not match its key, so that it is kept as kOfNoSeries.
bool has_stream(const SourceConfig& source, const store::Candidate& candidate);

}  // namespace agent
