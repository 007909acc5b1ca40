#pragma once

#include <string>

#include "agent/base/environment.h"
#include "store/ledger/ledger.h"

namespace agent {

/// Tells on_alarm, whose command line this is, of each alarm that it was not told of: once each,
/// whatever the command makes of it, the gravest first. Of many the rest is one summary, of the
/// kind `summary` and no source. A run that is stopped leaves the rest to the next, with the one
/// that it was telling.
store::Status announce_alarms(store::Ledger& ledger, const Environment& environment,
                              const std::string& on_alarm);

}  // namespace agent
