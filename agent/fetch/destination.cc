#include "agent/fetch/destination.h"

#include "store/content/path_check.h"

namespace agent {
namespace {

using Where = Destination::Where;

// What the trusted content of a key, come again, is good for.
store::Result<Destination> destination_of_same(store::Ledger& ledger, const SourceRun& source,
                                               store::NameRules rules, const Accepted& accepted,
                                               const store::Archive& held) {
  const auto damaged = ledger.is_damaged(source.id, held.key);
  if (!damaged) return damaged.error();
  if (!*damaged && !accepted.held_is_unreadable) return Destination{};
  return Destination{Where::kDamagedPlace,
                     {},
                     store::archive_path(source.config->name, held.key, rules, held.variant)};
}

store::Result<bool> is_known_generation(store::Ledger& ledger, store::SourceId id,
                                        const Accepted& accepted) {
  const auto& archive = accepted.archive;
  const auto quarantined =
      ledger.find_generation(id, archive.key, archive.sha256, store::Place::kQuarantine);
  if (!quarantined) return quarantined.error();
  // What was superseded and comes back as the current content has to be looked at like any other.
  if (*quarantined || accepted.role != store::Role::kNoncurrent) return quarantined->has_value();
  const auto superseded =
      ledger.find_generation(id, archive.key, archive.sha256, store::Place::kSuperseded);
  if (!superseded) return superseded.error();
  return superseded->has_value();
}

}  // namespace

store::Result<Destination> destination_of(store::Ledger& ledger, const SourceRun& source,
                                          store::NameRules rules, const Accepted& accepted) {
  const auto& archive = accepted.archive;
  const auto held = ledger.find(source.id, archive.key);
  if (!held) return held.error();
  if (accepted.path.empty()) return Destination{};
  if (*held && (*held)->sha256 == archive.sha256) {
    return destination_of_same(ledger, source, rules, accepted, **held);
  }
  const auto broken = ledger.damaged_generation(source.id, archive.key, archive.sha256);
  if (!broken) return broken.error();
  if (*broken) return Destination{Where::kDamagedPlace, {}, **broken, **broken};
  const bool quarantined = !accepted.quarantined_because.empty();
  const bool noncurrent = accepted.role == store::Role::kNoncurrent;
  // The upstream has it under another name now; retention removed it all the same.
  if (!*held || noncurrent) {
    const auto pruned = ledger.was_pruned(source.id, archive.key, archive.sha256);
    if (!pruned) return pruned.error();
    if (*pruned) return Destination{};
  }
  if (!noncurrent && !quarantined && !*held) return Destination{Where::kArchives};
  if (!noncurrent && !quarantined && source.config->on_change == OnChange::kGenerations) {
    return Destination{Where::kHeldPlace, **held};
  }
  const auto known = is_known_generation(ledger, source.id, accepted);
  if (!known) return known.error();
  if (*known) return Destination{};
  return Destination{noncurrent ? Where::kSuperseded : Where::kQuarantine};
}

}  // namespace agent
