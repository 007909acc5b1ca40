#include "store/custody/mirror.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "store/content/filesystem_limits.h"
#include "store/content/path_check.h"
#include "store/custody/change_impl.h"
#include "store/custody/manifest.h"
#include "store/custody/mirror_steps.h"
#include "store/custody/placement_recovery.h"
#include "store/custody/removal.h"
#include "store/custody/sums.h"
#include "store/custody/supersession.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

// The names of the sources come from the disk, and paths are made from them.
Status put_in_order(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                    const TellUnsound& tell) {
  const auto sources = ledger.sources();
  if (!sources) return sources.error();
  for (const auto& [id, name] : *sources) {
    if (is_source_name(name)) continue;
    return Error{ErrorKind::kCorrupt, 0, std::string(kLedgerPath),
                 "the ledger is damaged (it names a source that cannot be); 'holdfast rebuild' "
                 "makes a new one from the disk"};
  }
  std::set<std::string> blocked;
  // What is recorded below goes into them too.
  for (const auto& [id, name] : *sources) {
    auto whole = make_manifest_whole(disk, ledger, id, name, rules);
    if (whole) continue;
    // What stands in the way of one source's manifest is no trouble of the others.
    if (!concerns_a_name(whole.error())) return whole;
    left.push_back({name, "", std::move(whole.error())});
    blocked.insert(name);
  }
  if (auto recovered = recover_supersessions(disk, ledger, rules, left, tell); !recovered) {
    return recovered;
  }
  // A file that is to go is none that was placed.
  for (const auto& [id, name] : *sources) {
    if (blocked.contains(name)) continue;
    if (auto removed = finish_earlier_removals(disk, ledger, id, name, rules, left); !removed) {
      return removed;
    }
  }
  return finish_placements(disk, ledger, rules, left, tell);
}

}  // namespace

Result<Mirror> Mirror::open(GuardedDisk&& guarded, Access access, const TellUnsound& tell) {
  auto ledger = Ledger::open(*guarded.disk, access);
  if (!ledger) return ledger.error();
  if (!guarded.marker.names) {
    guarded.marker.names = name_rules_of(guarded.disk->filesystem_name());
    if (access == Access::kReadWrite) {
      if (auto kept = replace_marker(*guarded.disk, guarded.marker); !kept) return kept.error();
    }
  }
  AllUnfinished left;
  if (access == Access::kReadWrite) {
    auto done = put_in_order(*guarded.disk, *ledger, *guarded.marker.names, left, tell);
    if (!done) return done.error();
  }
  return Mirror(std::move(guarded), *std::move(ledger), std::move(left));
}

Mirror::Mirror(GuardedDisk&& guarded, Ledger&& opened, AllUnfinished&& left)
    : marker(std::move(guarded.marker)),
      rules(*marker.names),
      lock(std::move(guarded.lock)),
      ledger(std::move(opened)),
      staging(*guarded.disk),
      unfinished(std::move(left)),
      disk_(std::move(guarded.disk)),
      placer_(std::make_unique<Placer>(*disk_, rules)) {}
Mirror::~Mirror() = default;
Mirror::Mirror(Mirror&&) noexcept = default;
Mirror& Mirror::operator=(Mirror&&) noexcept = default;

Result<Change> Mirror::begin(std::vector<Placement> intents, Time now) {
  if (auto begun = LedgerWriter(ledger).begin_placements(intents); !begun) return begun.error();
  auto change = std::make_unique<Change::Impl>(Change::Impl{*disk_, ledger, *placer_, rules});
  change->batch.now = now;
  change->batch.placements = std::move(intents);
  return Change(std::move(change));
}

Result<GivenUp> Mirror::give_up(const GiveUp& request) {
  return store::give_up(*disk_, ledger, rules, request, unfinished);
}

Result<ScrubTotals> Mirror::scrub(const ScrubPass& pass) {
  return store::scrub(*disk_, ledger, pass);
}

Status Mirror::begin_removals(SourceId source, const std::vector<Removal>& removals, Time now) {
  return LedgerWriter(ledger).begin_removals(source, removals, now);
}

Result<AllUnfinished> Mirror::finish_removals(SourceId source, std::string_view source_name) {
  auto left = unfinished;
  if (auto removed = store::finish_removals(*disk_, ledger, source, source_name, rules, left);
      !removed) {
    return removed.error();
  }
  std::erase_if(left, [&](const Unfinished& one) {
    return std::ranges::find(unfinished, one.error.path, [](const Unfinished& known) {
             return known.error.path;
           }) != unfinished.end();
  });
  unfinished.insert(unfinished.end(), left.begin(), left.end());
  return left;
}

Result<bool> Mirror::refresh_sums(SourceId source, std::string_view source_name) {
  return store::refresh_sums(*disk_, ledger, source, source_name, rules);
}

Result<bool> Mirror::restore_sums(SourceId source, std::string_view source_name) {
  return store::restore_sums(*disk_, ledger, source, source_name, rules);
}

Result<bool> Mirror::sums_are_right(SourceId source, std::string_view source_name) {
  return store::sums_are_right(*disk_, ledger, source, source_name, rules);
}

}  // namespace store
