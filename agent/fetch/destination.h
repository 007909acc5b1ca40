#pragma once

#include <optional>
#include <string>

#include "agent/fetch/accepted.h"
#include "agent/run/run_context.h"

namespace agent {

/// Where an accepted content belongs.
struct Destination {
  enum class Where {
    kNowhere,       ///< we have this content, or retention removed it
    kDamagedPlace,  ///< where the damaged copy of this very content lies: `damaged_path`
    kArchives,      ///< under archives/: its key is not held yet
    kHeldPlace,     ///< under archives/, and `held`, which lies there, moves to superseded/
    kSuperseded,    ///< under superseded/: it is a noncurrent version
    kQuarantine,    ///< under quarantine/: its key is held with another content
  };
  Where where = Where::kNowhere;
  std::optional<store::Archive> held{};
  std::string damaged_path{};
  std::string generation_path{};  ///< the same, where the damaged copy is a generation; else empty
};

/// Reads the ledger and writes nothing. `on_change = generations` sends another content of a held
/// key to the held one's place instead of quarantine. An error is the ledger's.
store::Result<Destination> destination_of(store::Ledger& ledger, const SourceRun& source,
                                          store::NameRules rules, const Accepted& accepted);

}  // namespace agent
