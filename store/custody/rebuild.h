#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/layout.h"
#include "store/custody/scrub.h"
#include "store/disk/disk.h"
#include "store/ledger/ledger.h"

namespace store {

struct RebuildRequest {
  NameRules rules = NameRules::kPosix;
  Time now{};
  std::function<bool()> keep_going;
  std::function<void(std::uint64_t)> progress;         ///< bytes read so far
  std::function<std::string(const Reading&)> message;  ///< the text of an alarm
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

/// The sources whose archives or manifests the disk carries, by name.
Result<std::vector<std::string>> carried_sources(Disk& disk);

/// The rules that the names in the manifests follow; nullopt where they do not tell.
Result<std::optional<NameRules>> carried_name_rules(Disk& disk);

/// Makes the ledger anew from what the disk carries: the manifests say what is held, reading every
/// content says whether it is. What stood in the old ledger alone is lost: alarms, a HOLD, what was
/// refused, what was seen of listings. What lies under archives/ or superseded/ and is in no
/// manifest is taken too, proven by nothing but its own SHA-256.
///
/// The new ledger takes the place of the old one, which becomes `.holdfast/ledger.db.before`, in
/// the end and whole; until then nothing has changed. kBusy when `keep_going` said no.
Result<Rebuilt> rebuild_ledger(Disk& disk, const RebuildRequest& request);

}  // namespace store
