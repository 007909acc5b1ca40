#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/base/exit_status.h"
#include "agent/config/config.h"
#include "agent/config/repository_layout.h"
#include "store/ledger/ledger.h"

namespace agent {

/// A clock by which a source was not listed for longer may have leapt: nothing is removed by it.
inline constexpr std::chrono::days kMaxSilence{30};

/// Why nothing may be removed, as a sentence, and how a command ends because of it.
struct Frozen {
  ExitStatus status = ExitStatus::kAlarm;
  std::string why;
  bool is_news = true;  ///< false: a pull that finds it so need not tell
};

/// Nothing of any source is removed while an alarm of any source in the configuration is open, or a
/// source is on HOLD. The error is the ledger's.
store::Result<std::optional<Frozen>> frozen_by_alarms(store::Ledger& ledger, const Config& config);

/// Nothing of a source is removed before it was pulled to the end once, nor where the clock is more
/// than a minute behind what was recorded (`newest_recorded`), was wrong when something came, or
/// says that nothing was listed for kMaxSilence. `now` is by this machine's clock.
std::optional<Frozen> frozen_by_clock(const store::Totals& totals, store::Time now,
                                      store::Time newest_recorded);

/// Nothing is removed of a source whose backups need each other, as the layout of this tool says:
/// no rule can tell which. `series` does, where it says what belongs together.
Frozen frozen_by_layout(const ChainTool& tool);

}  // namespace agent
