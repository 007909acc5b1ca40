// How a new content takes the place of a held one without a moment in which a crash loses either.
// The steps of supersede() are: the intent, committed; a second place of the old content, under
// superseded/; a sync; the new content renamed over the first place. Its caller syncs again and
// records both contents, which ends the intent. A disk that stops anywhere in between is put right
// when the mirror is opened next, from the open intent, by the class Recovery:
//
// - The new content is in place, and an intent of its placement says what it is: nothing was lost
//   but the record, so both contents are recorded as they would have been, and the alarm of the
//   change ends (finish()).
// - Otherwise the old content is the one that the ledger knows, and it goes back under its first
//   name, from its second place, if it is not there still. Only once that is durable, a second
//   place that was never recorded is removed (restore()). A manifest that was told of the new
//   content already is told that it was not so (restate()).
// - The trusted content may still lie in quarantine, where it waited before somebody accepted it.
//   The row goes first, then the file: the ledger never says that something lies where it does not
//   (drop_from_quarantine()).
//
// One bad file must not stop the others. An old content that cannot be read is damaged: its bytes
// are kept under damaged/ in the stead of superseded/. One that cannot be moved either stays in its
// place, with its intent. But what a failed sync says is never taken for the fault of one file.
#include "store/custody/supersession.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/content/duplicate.h"
#include "store/content/path_check.h"
#include "store/content/unsynced_directories.h"
#include "store/custody/manifest.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::size_t kSupersededAtOnce = 64;

class Recovery {
 public:
  Recovery(Disk& disk, Ledger& ledger, NameRules rules, Supersession intent,
           std::string source_name, const TellUnsound& tell)
      : disk_(disk),
        ledger_(ledger),
        rules_(rules),
        intent_(std::move(intent)),
        source_name_(std::move(source_name)),
        tell_(tell) {}

  Status run() {
    const auto held = ledger_.find(intent_.source, intent_.key);
    if (!held) return held.error();
    if (*held) {
      const auto finished = finish(**held);
      if (!finished) return finished.error();
      if (*finished) return leave_quarantine();
      if (auto restored = restore(**held); !restored) return restored;
      if (auto dropped = drop_from_quarantine(**held); !dropped) return dropped;
    }
    return LedgerWriter(ledger_).end_supersession(intent_);
  }

  /// Whether what failed is one of its files. A disk that is gone fails elsewhere too.
  bool is_of_its_file(const Error& error) const {
    return !failed_sync_ && concerns_a_content(error);
  }

 private:
  // True when the new content is in place and known: then there is nothing to be taken back.
  Result<bool> finish(const Archive& held) {
    auto intent = LedgerWriter(ledger_).placement_of(intent_.source, held.key);
    if (!intent) return intent.error();
    if (!*intent || (*intent)->archive.sha256 == held.sha256) return false;
    const auto path = archive_path(source_name_, held.key, rules_, held.variant);
    auto archive = (*intent)->archive;
    archive.variant = held.variant;
    const auto in_place = lies_at(path, archive);
    if (!in_place || !*in_place) return in_place;
    UnsyncedDirectories directories(disk_);
    directories.note_placed(path);
    Batch batch;
    batch.now = archive.held_since;
    batch.placements.push_back(**intent);
    if (auto added = add_old(held, directories, batch); !added) return added.error();
    batch.ended.push_back({intent_.source, AlarmKind::kChanged, held.key});
    batch.intents.push_back(intent_);  // for what waits in quarantine
    batch.archives.push_back({intent_.source, std::move(archive), (*intent)->watched});
    if (tell_ && batch.archives.back().archive.unsound != Unsound::kNo) {
      auto told = tell_(disk_, ledger_, batch.archives.back(), source_name_, path, batch);
      if (!told) return told.error();
    }
    if (auto synced = note(directories.sync()); !synced) return synced.error();
    if (auto recorded = record_durably(disk_, ledger_, rules_, batch); !recorded) {
      return recorded.error();
    }
    return true;
  }

  // An old content that lies nowhere, because it rotted or somebody removed it, is recorded where
  // it would lie: so the scrub, which tells of what is missing, looks for it, and before all
  // others.
  Status add_old(const Archive& held, UnsyncedDirectories& directories, Batch& batch) {
    auto aside = find_aside(held);
    if (!aside) return aside.error();
    const bool lies = aside->has_value();
    if (lies) {
      directories.note_placed(**aside);
    } else {
      aside = unused_place_of(held);
      if (!aside || !*aside) return aside ? Status() : aside.error();
    }
    auto old = generation_of(held, Place::kSuperseded, std::move(**aside), batch.now);
    if (!lies) old.read_at = {};
    batch.generations.push_back({intent_.source, std::move(old), std::nullopt});
    return {};
  }

  // None where the ledger knows of a second place already: the scrub looks for that one.
  Result<std::optional<std::string>> unused_place_of(const Archive& held) {
    const auto known =
        ledger_.find_generation(intent_.source, held.key, held.sha256, Place::kSuperseded);
    if (!known) return known.error();
    if (*known) return std::optional<std::string>();
    for (auto& path : generation_paths(source_name_, Place::kSuperseded, held.key, rules_,
                                       held.last_modified, held.sha256)) {
      const auto recorded = ledger_.has_generation_at(intent_.source, held.key, path);
      if (!recorded) return recorded.error();
      if (!*recorded) return std::optional(std::move(path));
    }
    return std::optional<std::string>();
  }

  // What is trusted now may have waited there.
  Status leave_quarantine() {
    const auto trusted = ledger_.find(intent_.source, intent_.key);
    if (!trusted) return trusted.error();
    if (*trusted) {
      if (auto dropped = drop_from_quarantine(**trusted); !dropped) return dropped;
    }
    return LedgerWriter(ledger_).end_supersession(intent_);
  }

  Status note(Status synced) {
    failed_sync_ = failed_sync_ || !synced;
    return synced;
  }

  Status restore(const Archive& held) {
    const auto path = archive_path(source_name_, held.key, rules_, held.variant);
    const auto aside = find_aside(held);
    if (!aside) return aside.error();
    const auto in_place = lies_at(path, held);
    if (!in_place) return in_place.error();
    if (!*aside) return {};
    if (!*in_place) {
      if (auto back = put_back(**aside, path, held); !back) return back;
    }
    return remove_unrecorded(**aside, held);
  }

  // The row first: the ledger never says that something lies where it no longer does.
  Status drop_from_quarantine(const Archive& held) {
    const auto found =
        ledger_.find_generation(intent_.source, held.key, held.sha256, Place::kQuarantine);
    if (!found) return found.error();
    if (*found) {
      Batch batch;
      batch.removed.push_back({intent_.source, held.key, (*found)->path});
      if (auto recorded = record_durably(disk_, ledger_, rules_, batch); !recorded) return recorded;
    }
    const auto paths = unrecorded_in_quarantine(held);
    if (!paths) return paths.error();
    for (const auto& path : *paths) {
      const auto lies = lies_at(path, held);
      if (!lies) return lies.error();
      if (!*lies) continue;
      if (auto removed = disk_.remove_file(path); !removed) return removed;
      if (auto synced = note(disk_.sync_directory(parent_of(path))); !synced) return synced;
    }
    return {};
  }

  // Whatever date is in their names: the upstream may tell another one by now.
  Result<std::vector<std::string>> unrecorded_in_quarantine(const Archive& held) {
    std::set<std::string> directories;
    for (const auto& path : generation_paths(source_name_, Place::kQuarantine, held.key, rules_,
                                             held.last_modified, held.sha256)) {
      directories.insert(parent_of(path));
    }
    std::vector<std::string> found;
    for (const auto& directory : directories) {
      const auto listed =
          disk_.list_directory(directory, [&](std::string_view name, FileKind kind) {
            if (kind == FileKind::kFile) found.push_back(fmt::format("{}/{}", directory, name));
            return true;
          });
      const bool is_none = !listed && (listed.error().kind == ErrorKind::kNotFound ||
                                       concerns_a_name(listed.error()));
      if (!listed && !is_none) return listed.error();
    }
    std::vector<std::string> unrecorded;
    for (auto& path : found) {
      const auto recorded = ledger_.has_generation_at(intent_.source, held.key, path);
      if (!recorded) return recorded.error();
      if (!*recorded) unrecorded.push_back(std::move(path));
    }
    return unrecorded;
  }

  Result<bool> lies_at(const std::string& path, const Archive& held) {
    const auto possible = may_hold(disk_, path, held.upstream.size_bytes);
    return possible && *possible ? holds(disk_, path, held.sha256) : possible;
  }

  Result<std::optional<std::string>> find_aside(const Archive& held) {
    for (auto& path : generation_paths(source_name_, Place::kSuperseded, held.key, rules_,
                                       held.last_modified, held.sha256)) {
      const auto found = lies_at(path, held);
      if (!found) return found.error();
      if (*found) return std::optional(std::move(path));
    }
    return std::optional<std::string>();
  }

  Status put_back(const std::string& aside, const std::string& path, const Archive& held) {
    const auto copy = duplicate_to_staging(disk_, aside, held.sha256);
    if (!copy) return copy.error();
    if (auto renamed = disk_.rename_replace(*copy, path); !renamed) return renamed;
    return note(disk_.sync_directory(parent_of(path)));
  }

  // Only once the content is durably in its place again.
  Status remove_unrecorded(const std::string& aside, const Archive& held) {
    const auto path = archive_path(source_name_, held.key, rules_, held.variant);
    if (auto synced = note(disk_.sync_directory(parent_of(path))); !synced) return synced;
    // By its path: the same content may lie beside the trusted one more than once.
    const auto recorded = ledger_.has_generation_at(intent_.source, held.key, aside);
    if (!recorded) return recorded.error();
    // A crash may have come between the manifest and the ledger.
    auto said = restate(disk_, source_name_, held, rules_, *recorded ? std::string_view() : aside);
    return *recorded || !said ? said : disk_.remove_file(aside);
  }

  Disk& disk_;
  Ledger& ledger_;
  const NameRules rules_;
  const Supersession intent_;
  const std::string source_name_;
  const TellUnsound& tell_;
  bool failed_sync_ = false;
};

bool cannot_be_kept(const Error& error) {
  return error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kIo;
}

Result<Superseded> keep_aside(Placer& placer, NameRules rules, const std::string& path,
                              const Replacement& replacement, Time now) {
  const auto& held = replacement.held;
  const auto try_once = [&] {
    return placer.keep_aside(path, {replacement.source_name, Place::kSuperseded, held.key,
                                    held.last_modified, held.sha256});
  };
  auto aside = try_once();
  // An error that passes is no rot, and must not cost the content its place.
  if (!aside && aside.error().kind == ErrorKind::kIo) aside = try_once();
  if (aside) return Superseded{generation_of(held, Place::kSuperseded, *std::move(aside), now), ""};
  if (aside.error().kind == ErrorKind::kNotFound) return Superseded{};
  if (!cannot_be_kept(aside.error())) return aside.error();
  // It rotted. On a disk that is gone this fails as well.
  auto kept =
      placer.keep_damaged(path, damaged_paths(replacement.source_name, held.key, rules, now));
  if (!kept) return kept.error();
  return Superseded{std::nullopt, *std::move(kept)};
}

Superseded stuck(Error error) { return {std::nullopt, "", std::move(error)}; }

}  // namespace

Result<std::vector<Superseded>> supersede(Ledger& ledger, Placer& placer, NameRules rules,
                                          std::span<const Replacement> replacements, Time now) {
  std::vector<Supersession> intents;
  for (const auto& one : replacements) intents.push_back({one.source, one.held.key});
  if (auto begun = LedgerWriter(ledger).begin_supersessions(intents); !begun) return begun.error();
  const auto path_of = [&](const Replacement& one) {
    return archive_path(one.source_name, one.held.key, rules, one.held.variant);
  };
  std::vector<Superseded> before;
  for (const auto& one : replacements) {
    auto aside = keep_aside(placer, rules, path_of(one), one, now);
    if (!aside && !concerns_a_content(aside.error())) return aside.error();
    before.push_back(aside ? *std::move(aside) : stuck(aside.error()));
  }
  if (auto synced = placer.sync(); !synced) return synced.error();
  for (std::size_t i = 0; i < replacements.size(); ++i) {
    if (before[i].stuck) continue;
    const auto replaced = placer.replace(replacements[i].staged_path, path_of(replacements[i]));
    if (!replaced && !concerns_a_content(replaced.error())) return replaced.error();
    if (!replaced) before[i] = stuck(replaced.error());
  }
  return before;
}

Status recover_supersessions(Disk& disk, Ledger& ledger, NameRules rules, AllUnfinished& left,
                             const TellUnsound& tell) {
  std::optional<Supersession> last;
  while (true) {
    const auto open =
        LedgerWriter(ledger).open_supersessions(kSupersededAtOnce, last ? &*last : nullptr);
    if (!open) return open.error();
    if (open->empty()) return {};
    for (const auto& intent : *open) {
      auto name = ledger.source_name(intent.source);
      if (!name) return name.error();
      Recovery recovery(disk, ledger, rules, intent, *name, tell);
      auto done = recovery.run();
      if (!done && !recovery.is_of_its_file(done.error())) return done;
      if (!done) left.push_back({*std::move(name), intent.key, std::move(done.error())});
    }
    last = open->back();
  }
}

}  // namespace store
