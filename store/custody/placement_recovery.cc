#include "store/custody/placement_recovery.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/custody/manifest.h"
#include "store/custody/placement.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::size_t kPlacedAtOnce = 64;

class Finishing {
 public:
  Finishing(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
            const TellUnsound& tell)
      : disk_(disk),
        ledger_(ledger),
        rules_(rules),
        placer_(disk, rules),
        left_(left),
        tell_(tell) {}

  Status run() {
    std::optional<Placement> last;
    while (true) {
      auto open = LedgerWriter(ledger_).open_placements(last ? &*last : nullptr, kPlacedAtOnce);
      if (!open) return open.error();
      if (open->empty()) return {};
      for (const auto& intent : *open) {
        auto name = ledger_.source_name(intent.source);
        if (!name) return name.error();
        auto taken = record_placed(intent, *name);
        if (!taken && !std::exchange(unreadable_, false)) return taken;
        if (taken) {
          batch_.placements.push_back(intent);
        } else {
          left_.push_back({*std::move(name), intent.archive.key, std::move(taken.error())});
        }
      }
      if (auto recorded = record(); !recorded) return recorded;
      last = open->back();
    }
  }

 private:
  Status record_placed(const Placement& intent, const std::string& name) {
    const auto& archive = intent.archive;
    const auto held = ledger_.find(intent.source, archive.key);
    if (!held) return held.error();
    if (*held && (*held)->sha256 == archive.sha256) return record_repaired(intent, **held, name);
    if (!*held && intent.role != Role::kNoncurrent) {
      const auto before = batch_.archives.size();
      auto taken = record_archive(intent, name);
      const bool found = batch_.archives.size() > before;
      if (!taken || found || intent.role != Role::kChanged) return taken;
      // What somebody had in the bucket's stead may lie beside a key that is not held.
    }
    return record_generation(
        intent, name, intent.role == Role::kNoncurrent ? Place::kSuperseded : Place::kQuarantine);
  }

  Result<bool> is_placed(const std::string& path, const Archive& archive) {
    const auto placed = placer_.is_placed(path, archive.upstream.size_bytes, archive.sha256);
    // The next run looks again; a disk that is gone fails elsewhere too.
    if (!placed) unreadable_ = true;
    return placed;
  }

  Status record_archive(const Placement& intent, const std::string& name) {
    for (const auto variant : variants_of(intent.archive.key, rules_)) {
      const auto path = archive_path(name, intent.archive.key, rules_, variant);
      const auto placed = is_placed(path, intent.archive);
      if (!placed) return placed.error();
      if (!*placed) continue;
      placer_.note_placed(path);
      batch_.archives.push_back({intent.source, intent.archive, intent.watched});
      batch_.archives.back().archive.variant = variant;
      batch_.archives.back().vanished = intent.role == Role::kOrphan;
      if (intent.archive.unsound == Unsound::kNo || !tell_) return {};
      return tell_(disk_, ledger_, batch_.archives.back(), name, path, batch_);
    }
    return {};
  }

  Status record_repaired(const Placement& intent, const Archive& held, const std::string& name) {
    const auto damaged = ledger_.is_damaged(intent.source, held.key);
    if (!damaged) return damaged.error();
    if (!*damaged) return {};
    const auto path = archive_path(name, held.key, rules_, held.variant);
    const auto placed = is_placed(path, intent.archive);
    if (!placed) return placed.error();
    if (!*placed) return {};
    placer_.note_placed(path);
    batch_.repaired.push_back({intent.source, held.key, "", intent.archive.upstream, intent.role});
    return {};
  }

  Status record_generation(const Placement& intent, const std::string& name, Place place) {
    const auto& archive = intent.archive;
    const auto known = ledger_.find_generation(intent.source, archive.key, archive.sha256, place);
    if (!known) return known.error();
    if (*known) return {};
    for (const auto& path : generation_paths(name, place, archive.key, rules_,
                                             archive.last_modified, archive.sha256)) {
      const auto placed = is_placed(path, archive);
      if (!placed) return placed.error();
      if (!*placed) continue;
      placer_.note_placed(path);
      batch_.generations.push_back(
          {intent.source, generation_of(archive, place, path, archive.held_since), intent.role});
      if (place == Place::kQuarantine) raise_changed(intent, path);
      return {};
    }
    return {};
  }

  void raise_changed(const Placement& intent, const std::string& path) {
    batch_.raised.push_back(
        {intent.source, AlarmKind::kChanged, intent.archive.key,
         fmt::format("the bucket had different content under this key. The copy held here stays as "
                     "it is; the other one is in {}. Find out who replaced it",
                     path)});
  }

  Status record() {
    if (batch_.placements.empty()) return {};
    batch_.now = batch_.placements.back().archive.held_since;
    if (auto synced = placer_.sync(); !synced) return synced;
    return record_durably(disk_, ledger_, rules_, std::exchange(batch_, {}));
  }

  Disk& disk_;
  Ledger& ledger_;
  const NameRules rules_;
  Placer placer_;
  AllUnfinished& left_;
  const TellUnsound& tell_;
  Batch batch_;
  bool unreadable_ = false;
};

}  // namespace

Status finish_placements(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                         const TellUnsound& tell) {
  return Finishing(disk, ledger, rules, left, tell).run();
}

}  // namespace store
