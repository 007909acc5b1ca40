#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/key_path.h"
#include "store/custody/scrub.h"
#include "store/disk/disk.h"
#include "store/ledger/ledger.h"

namespace store {

struct RebuildRequest {
  NameRules rules = NameRules::kPosix;
  Time now{};                                          ///< by our clock
  std::function<bool()> keep_going;                    ///< false ends it, with kBusy
  std::function<void(std::uint64_t)> progress;         ///< bytes read so far
  std::function<std::string(const Reading&)> message;  ///< makes the text of an alarm
  /// Told of each content that is not as its manifest says.
  std::function<void(std::string_view source, const Reading&)> found;
};

struct Rebuilt {
  std::uint64_t sources = 0;
  std::uint64_t archives = 0;
  std::uint64_t generations = 0;
  std::uint64_t unlisted = 0;  ///< in no manifest; their keys and digests are known again
  std::uint64_t corrupt = 0;
  std::uint64_t missing = 0;
};

/// Returns the names of the sources whose archives or manifests the disk carries, sorted.
Result<std::vector<std::string>> carried_sources(Disk& disk);

/// Returns the rules that the names in the manifests follow, or nullopt when they do not tell.
Result<std::optional<NameRules>> carried_name_rules(Disk& disk);

/// Makes the ledger anew from what the disk carries. The manifests say what is held, and every
/// content is read to see whether it is. A file under archives/ or superseded/ that is in no
/// manifest is taken too, proven by nothing but its own SHA-256. What stood in the old ledger alone
/// is lost: alarms, a HOLD, what was refused, and what was seen of listings.
///
/// On success the new ledger is in the place of the old one, durably, and the old one is
/// `.holdfast/ledger.db.before`. On an error the old ledger is in its place as it was, unless that
/// error, or the machine's stop, came between the two renames: then there is none, which is told,
/// and the rebuild can be run again. Requires that nobody has the ledger open. kBusy when
/// `keep_going` said no.
Result<Rebuilt> rebuild_ledger(Disk& disk, const RebuildRequest& request);

}  // namespace store
