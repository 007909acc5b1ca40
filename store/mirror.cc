#include "store/mirror.h"

#include <algorithm>
#include <utility>

#include "store/content_path.h"
#include "store/duplicate.h"
#include "store/manifest.h"
#include "store/placing.h"
#include "store/removal.h"
#include "store/sums.h"

namespace store {
namespace {

// The names of the sources come from the disk, and paths are made from them.
Status put_in_order(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left) {
  const auto sources = ledger.sources();
  if (!sources) return sources.error();
  for (const auto& [id, name] : *sources) {
    if (is_source_name(name)) continue;
    return Error{ErrorKind::kCorrupt, 0, std::string(kLedgerPath),
                 "the ledger is damaged (it names a source that cannot be); 'holdfast rebuild' "
                 "makes a new one from the disk"};
  }
  // What is recorded below goes into them too.
  for (const auto& [id, name] : *sources) {
    if (auto whole = make_manifest_whole(disk, ledger, id, name, rules); !whole) return whole;
  }
  if (auto recovered = recover_supersessions(disk, ledger, rules, left); !recovered) {
    return recovered;
  }
  // A file that is to go is none that was placed.
  for (const auto& [id, name] : *sources) {
    if (auto removed = finish_removals(disk, ledger, id, name, rules, left); !removed) {
      return removed;
    }
  }
  return finish_placements(disk, ledger, rules, left);
}

}  // namespace

Result<Mirror> Mirror::open(GuardedDisk&& guarded, Access access) {
  auto ledger = Ledger::open(*guarded.disk, access);
  if (!ledger) return ledger.error();
  if (!guarded.marker.names) {
    guarded.marker.names = name_rules_of(guarded.disk->filesystem_name());
    if (access == Access::kReadWrite) {
      if (auto kept = replace_marker(*guarded.disk, guarded.marker); !kept) return kept.error();
    }
  }
  const auto rules = *guarded.marker.names;
  AllUnfinished left;
  if (access == Access::kReadWrite) {
    if (auto done = put_in_order(*guarded.disk, *ledger, rules, left); !done) return done.error();
  }
  return Mirror{std::move(guarded.disk), std::move(guarded.marker), rules,
                std::move(guarded.lock), *std::move(ledger),        std::move(left)};
}

Status Mirror::begin(const std::vector<Ledger::Placement>& intents) {
  return ledger.begin_placements(intents);
}

Status Mirror::commit(Placer& placer, const Ledger::Batch& batch) {
  if (auto synced = placer.sync(); !synced) return synced;
  return record_durably(*disk, ledger, rules, batch);
}

Result<std::vector<Superseded>> Mirror::supersede(Placer& placer,
                                                  std::span<const Replacement> replacements,
                                                  Time now) {
  return store::supersede(ledger, placer, rules, replacements, now);
}

Result<Superseded> Mirror::take_back(SourceId source, const std::string& source_name,
                                     const Archive& held, const Generation& chosen, Time now) {
  auto staged = duplicate_to_staging(*disk, chosen.path, chosen.sha256);
  if (!staged && concerns_a_content(staged.error())) {
    return Superseded{std::nullopt, "", std::move(staged.error())};
  }
  if (!staged) return staged.error();
  Placer placer(*disk, rules);
  const Replacement replacement{source, source_name, held, *staged};
  auto before = supersede(placer, {&replacement, 1}, now);
  if (!before) return before.error();
  auto& superseded = before->front();
  if (superseded.stuck) return std::move(superseded);
  Ledger::Batch batch;
  batch.now = now;
  batch.archives.push_back({source,
                            {chosen.key, held.variant, chosen.upstream, chosen.last_modified,
                             chosen.sha256, chosen.verified_by, chosen.held_since, now}});
  if (superseded.lies) batch.generations.push_back({source, *superseded.lies, std::nullopt});
  batch.ended.push_back({source, "changed", held.key});
  batch.intents.push_back({source, held.key});
  if (auto recorded = commit(placer, batch); !recorded) return recorded.error();
  if (auto tidied = recover_supersessions(*disk, ledger, rules, unfinished); !tidied) {
    return tidied.error();
  }
  return std::move(superseded);
}

Result<Superseded> Mirror::accept(SourceId source, const std::string& source_name,
                                  const Archive& held, const Generation& chosen, Time now) {
  auto superseded = take_back(source, source_name, held, chosen, now);
  if (!superseded || superseded->stuck) return superseded;
  if (auto written = refresh_sums(source, source_name); !written) return written.error();
  return superseded;
}

Result<GivenUp> Mirror::give_up(const GiveUp& request) {
  return store::give_up(*disk, ledger, rules, request);
}

Result<AllUnfinished> Mirror::finish_removals(SourceId source, std::string_view source_name) {
  AllUnfinished left;
  if (auto removed = store::finish_removals(*disk, ledger, source, source_name, rules, left);
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

Status Mirror::refresh_sums(SourceId source, std::string_view source_name) {
  const auto totals = ledger.totals(source);
  if (!totals) return totals.error();
  if (!totals->sums_stale) return {};
  if (auto written = write_sums(*disk, ledger, source, source_name, rules); !written) {
    return written;
  }
  return ledger.mark_sums_written(source);
}

}  // namespace store
