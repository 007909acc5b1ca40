#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/content/layout.h"
#include "store/disk/disk.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"

namespace store {

/// What of a source is to be given up.
struct GiveUp {
  SourceId source = 0;
  std::string_view source_name;
  Ledger::LossQuery which;
  Time now{};
  std::function<std::string(const Reading&)> message;  ///< the text of an alarm
  std::function<bool()> keep_going;
  std::function<void(const Reading&)> found;  ///< told of each, once what it means is recorded
  /// Told of each of which what is left can neither be moved nor removed.
  std::function<void(const Unfinished&)> stuck;
};

struct GivenUp {
  std::uint64_t contents = 0;
  std::uint64_t right_again = 0;
};

}  // namespace store
