#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/content/digest.h"
#include "store/content/layout.h"
#include "store/disk/disk.h"
#include "store/ledger/ledger.h"

namespace store {

/// One pass over what is held of a source, or as much of it as is asked for.
struct ScrubPass {
  SourceId source = 0;
  std::string_view source_name;
  NameRules rules = NameRules::kPosix;
  bool generations = true;  ///< also what lies under superseded/ and quarantine/
  bool record = true;       ///< else the ledger is only read
  Time now{};

  std::function<bool(const Holding&)> wanted;   ///< asked before each; false ends the pass
  std::function<bool()> keep_going;             ///< asked between chunks; false ends it at once
  std::function<void(std::uint64_t)> progress;  ///< bytes read so far
  std::function<std::string(const Reading&)> message;  ///< the text of an alarm
  /// Shown the ends of each that is right, as it was read; of as many bytes as `ends` asks for.
  FileEnds ends{};
  std::function<void(const Holding&, const FileEnds&)> looked;
  /// Told, once it is recorded, of each content that is not right, and of each that was not and is.
  std::function<void(const Reading&, bool is_news)> found;
};

struct ScrubTotals {
  std::uint64_t contents = 0;
  std::uint64_t bytes = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t missing = 0;
  bool interrupted = false;
};

}  // namespace store
