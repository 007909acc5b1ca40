#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"

namespace store {

/// Which lost contents of a source are to be given up. A lost content is damaged here, and the
/// bucket cannot repair it.
struct GiveUp {
  SourceId source = 0;
  std::string_view source_name;
  Ledger::LossQuery which;
  Time now{};
  std::function<std::string(const Reading&)> message;  ///< makes the text of an alarm
  std::function<bool()> keep_going;                    ///< false ends it, with kBusy
  std::function<void(const Reading&)> found;           ///< told of each that is recorded
  /// Told once of each content whose file cannot be moved to damaged/, which is held on, and of
  /// each whose file could be moved and not removed: that is no longer held, and the next opening
  /// tries again.
  std::function<void(const Unfinished&)> stuck;
};

struct GivenUp {
  std::uint64_t contents = 0;     ///< no longer held
  std::uint64_t right_again = 0;  ///< read right this time, and held on
};

}  // namespace store
