#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/content/digest.h"
#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/ledger/ledger.h"

namespace store {

/// One pass over what is held of a source, or over as much of it as `wanted` asks for. It reads
/// each content back from the device and compares it with the recorded SHA-256.
struct ScrubPass {
  SourceId source = 0;
  std::string_view source_name;
  NameRules rules = NameRules::kPosix;
  bool generations = true;  ///< true: what lies under superseded/ and quarantine/ is read too
  bool record = true;       ///< false: nothing is recorded, and the ledger is only read
  Time now{};               ///< by our clock

  std::function<bool(const Holding&)> wanted;   ///< asked before each; false ends the pass
  std::function<bool()> keep_going;             ///< asked between chunks; false ends it at once
  std::function<void(std::uint64_t)> progress;  ///< bytes read so far
  std::function<std::string(const Reading&)> message;  ///< makes the text of an alarm
  FileEnds ends{};  ///< how many bytes of both ends `looked` is shown
  /// Shown both ends of each content that is right, as they were read.
  std::function<void(const Holding&, const FileEnds&)> looked;
  /// Told of each content that is wrong, and of each that was wrong and is right now, once that is
  /// recorded.
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
