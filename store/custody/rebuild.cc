// How a ledger is made anew from a disk whose ledger is lost or damaged. It is made beside the old
// one, so that until the very end nothing has changed and a rebuild can be stopped and begun again.
//
// Each source takes three passes. Its manifest is replayed first: the lines say in their order what
// came, what left and what was trusted since when, and a batch of lines is recorded just as the run
// recorded it that wrote them (class Replay). Where the order of a batch is not that of the lines,
// the batch is flushed before: a batch removes before it adds, and has one time. Then the files
// that no line names are adopted, with nothing to prove them but their own digest, unless they were
// removed or lie in quarantine. At last every content is read, as the scrub does it, which finds
// what is missing or corrupt.
//
// The new ledger then takes the place of the old one. The journal of the old one is removed before,
// durably: SQLite would play it into the new file. A crash on the way leaves no ledger at all,
// which is told, and never one that is half of each.
#include "store/custody/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "store/content/digest.h"
#include "store/content/path_check.h"
#include "store/custody/foreign.h"
#include "store/custody/manifest.h"
#include "store/custody/mirror_steps.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::string_view kNewPath = ".holdfast/ledger.db.rebuilt";
constexpr std::string_view kBeforePath = ".holdfast/ledger.db.before";
constexpr std::size_t kBatchEntries = 256;

std::string journal_of(std::string_view path) { return fmt::format("{}-journal", path); }

Status remove_both(Disk& disk, std::string_view path) {
  if (auto removed = disk.remove_file(path); !removed) return removed;
  return disk.remove_file(journal_of(path));
}

// Few: there are as many as sources.
Result<std::vector<std::string>> source_names(Disk& disk) {
  std::vector<std::string> names;
  const auto listed = disk.list_directory("", [&](std::string_view name, FileKind kind) {
    if (kind == FileKind::kDirectory && is_source_name(name)) names.emplace_back(name);
    return true;
  });
  if (!listed) return listed.error();
  std::sort(names.begin(), names.end());
  return names;
}

// Plays the manifest of one source into a ledger, some lines at a time.
class Replay {
 public:
  Replay(Ledger& ledger, SourceId source, std::string_view source_name)
      : ledger_(ledger), source_(source), top_(source_name) {}

  Status replay(ManifestEntry&& entry) {
    switch (entry.kind) {
      case ManifestEntry::Kind::kHeld:
        // What is trusted since when goes by the time of the batch.
        if (entry.placed_at != batch_.now) {
          if (auto flushed = flush(); !flushed) return flushed;
          batch_.now = entry.placed_at;
        }
        batch_.archives.push_back(
            {source_,
             {std::move(entry.key), entry.variant, std::move(entry.upstream), entry.last_modified,
              entry.sha256, entry.verified_by, entry.held_since, Time{}, entry.unsound}});
        break;
      case ManifestEntry::Kind::kGeneration:
        // A batch adds what lies beside the archives first: of what left its place after this one
        // came there nothing is to be known yet.
        if (is_in_batch(entry.key)) {
          if (auto flushed = flush(); !flushed) return flushed;
        }
        batch_.generations.push_back({source_, generation_of(std::move(entry)), std::nullopt});
        break;
      case ManifestEntry::Kind::kSame:
        batch_.same.push_back(
            {source_, std::move(entry.key), std::move(entry.upstream), entry.sha256});
        break;
      case ManifestEntry::Kind::kGone: {
        // A batch removes before it adds; this comes after.
        if (auto flushed = flush(); !flushed) return flushed;
        batch_.removed.push_back({source_, entry.key, fmt::format("{}/{}", top_, entry.path)});
        break;
      }
      case ManifestEntry::Kind::kReign:
        // What is held is said before.
        if (auto flushed = flush(); !flushed) return flushed;
        return LedgerWriter(ledger_).note_reign(source_,
                                                {entry.key, entry.placed_at, entry.sha256});
      case ManifestEntry::Kind::kSoundness:
        // A batch judges behind all that it adds, and only this very content.
        batch_.soundness.push_back({source_, std::move(entry.key), entry.sha256, entry.unsound});
        break;
      case ManifestEntry::Kind::kPruned:
      case ManifestEntry::Kind::kLost:
        return prune(entry);
    }
    return ++entries_ < kBatchEntries ? Status{} : flush();
  }

  Status flush() {
    entries_ = 0;
    return LedgerWriter(ledger_).record_batch(std::exchange(batch_, {}));
  }

 private:
  bool is_in_batch(std::string_view key) const {
    return std::ranges::any_of(batch_.archives,
                               [&](const Placed& one) { return one.archive.key == key; });
  }

  Status prune(const ManifestEntry& entry) {
    if (auto flushed = flush(); !flushed) return flushed;
    return LedgerWriter(ledger_).begin_removals(
        source_,
        {{entry.key, fmt::format("{}/{}", top_, entry.path), entry.path.starts_with("archives/"),
          entry.kind == ManifestEntry::Kind::kLost}},
        Time{});
  }

  Generation generation_of(ManifestEntry&& entry) const {
    const auto place = entry.path.starts_with(store::name_of(Place::kQuarantine))
                           ? Place::kQuarantine
                           : Place::kSuperseded;
    return {std::move(entry.key),
            place,
            fmt::format("{}/{}", top_, entry.path),
            std::move(entry.upstream),
            entry.last_modified,
            entry.sha256,
            entry.verified_by,
            entry.held_since,
            Time{},
            entry.placed_at,
            entry.unsound};
  }

  Ledger& ledger_;
  const SourceId source_;
  const std::string top_;
  Batch batch_;
  std::size_t entries_ = 0;
};

class Rebuild {
 public:
  Rebuild(Disk& disk, Ledger& ledger, const RebuildRequest& request)
      : disk_(disk), ledger_(ledger), request_(request) {}

  Result<Rebuilt> run() {
    const auto names = carried_sources(disk_);
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (auto done = replay_source(name); !done) return done.error();
    }
    return rebuilt_;
  }

 private:
  Status replay_source(const std::string& name) {
    const auto id = ledger_.register_source(name);
    if (!id) return id.error();
    ++rebuilt_.sources;
    // The ledger is thrown away if anything fails, so it need not be durable on the way.
    auto done = ledger_.at_once([&]() -> Status {
      if (auto replayed = replay(*id, name); !replayed) return replayed;
      return adopt_all(*id, name);
    });
    if (!done) return done;
    const auto totals = ledger_.totals(*id);
    if (!totals) return totals.error();
    rebuilt_.archives += totals->archives;
    rebuilt_.generations += totals->superseded + totals->quarantined;
    return read_all(*id, name);
  }

  Status replay(SourceId id, const std::string& name) {
    Replay replay(ledger_, id, name);
    Status taken;
    const auto visited = visit_manifest(disk_, name, [&](ManifestEntry&& entry) {
      taken = going() ? replay.replay(std::move(entry)) : interrupted();
      return taken.has_value();
    });
    if (!visited) return visited;
    return taken ? replay.flush() : taken;
  }

  Status adopt_all(SourceId id, const std::string& name) {
    Status adopted;
    const auto visited =
        visit_foreign(disk_, ledger_, id, name, request_.rules, [&](const std::string& path) {
          adopted = adopt(id, name, path);
          return adopted.has_value();
        });
    return adopted ? visited : adopted;
  }

  // What names no key, or one that is held elsewhere, stays foreign.
  Status adopt(SourceId id, const std::string& name, const std::string& path) {
    if (!is_content_path(path, name)) return {};
    const auto below_top = std::string_view(path).substr(name.size() + 1);
    const auto below_tree = below_top.substr(below_top.find('/') + 1);
    const bool trusted = below_top.starts_with("archives/");
    // What was in quarantine is told of when it comes again, and is left to that.
    if (!trusted && !below_top.starts_with(store::name_of(Place::kSuperseded))) return {};
    auto named = key_of_path(trusted ? below_tree : parent_of(below_tree));
    if (!named) return {};
    const auto held = ledger_.find(id, named->key);
    if (!held) return held.error();
    if (trusted && *held) return {};
    const auto going_away = ledger_.is_to_go(id, path);
    if (!going_away) return going_away.error();
    if (*going_away) return {};
    const auto file = disk_.open(path, OpenMode::kRead);
    if (!file) return tell_unreadable(name, named->key, path, file.error());
    const auto digests = digest_file(**file, {{Algorithm::kSha256, {}}}, request_.keep_going);
    if (!digests && !going()) return interrupted();
    if (!digests) return tell_unreadable(name, named->key, path, digests.error());
    Archive archive;
    archive.key = std::move(named->key);
    archive.variant = named->variant;
    archive.upstream.size_bytes = digests->size_bytes;
    std::ranges::copy(digests->digests.front(), archive.sha256.begin());
    archive.held_since = request_.now;
    const auto pruned = ledger_.was_pruned(id, archive.key, archive.sha256);
    if (!pruned) return pruned.error();
    if (*pruned) return {};
    ++rebuilt_.unlisted;
    if (trusted) return LedgerWriter(ledger_).record({{id, std::move(archive)}});
    Batch batch;
    batch.now = request_.now;
    batch.generations.push_back(
        {id, generation_of(archive, Place::kSuperseded, path, request_.now), std::nullopt});
    return LedgerWriter(ledger_).record_batch(batch);
  }

  // Without a manifest nobody knows what it was, and nobody can read it now.
  Status tell_unreadable(const std::string& name, const std::string& key, const std::string& path,
                         const Error& error) {
    ++rebuilt_.corrupt;
    Reading reading;
    reading.holding.key = key;
    reading.path = path;
    reading.finding = Finding::kCorrupt;
    reading.detail = describe(error);
    reading.cannot_be_read = true;
    if (request_.found) request_.found(name, reading);
    return {};
  }

  Status read_all(SourceId id, const std::string& name) {
    ScrubPass pass;
    pass.source = id;
    pass.source_name = name;
    pass.rules = request_.rules;
    pass.now = request_.now;
    pass.keep_going = request_.keep_going;
    pass.message = request_.message;
    if (request_.progress) {
      pass.progress = [&](std::uint64_t bytes) { request_.progress(bytes_before_ + bytes); };
    }
    pass.found = [&](const Reading& reading, bool) {
      if (reading.finding != Finding::kRight) request_.found(name, reading);
    };
    const auto totals = scrub(disk_, ledger_, pass);
    if (!totals) return totals.error();
    if (totals->interrupted) return interrupted();
    bytes_before_ += totals->bytes;
    rebuilt_.corrupt += totals->corrupt;
    rebuilt_.missing += totals->missing;
    return ledger_.note_scrubbed(id, request_.now);
  }

  bool going() const { return !request_.keep_going || request_.keep_going(); }
  static Status interrupted() { return Error{ErrorKind::kBusy, 0, "", "interrupted"}; }

  Disk& disk_;
  Ledger& ledger_;
  const RebuildRequest& request_;
  Rebuilt rebuilt_;
  std::uint64_t bytes_before_ = 0;
};

// The journal of the old ledger would be played into the new one. Without it the old one may be
// half of a transaction, so it is not put back: a crash, or an error, on the way leaves no ledger,
// which is told, and the rebuild is begun again.
Status put_in_place(Disk& disk) {
  const auto old = disk.stat(kLedgerPath);
  if (!old) return old.error();
  if (*old) {
    if (auto moved = disk.rename_replace(kLedgerPath, kBeforePath); !moved) return moved;
  }
  if (auto removed = disk.remove_file(journal_of(kLedgerPath)); !removed) return removed;
  if (auto removed = disk.remove_file(journal_of(kNewPath)); !removed) return removed;
  if (auto synced = disk.sync_directory(kStateDirectory); !synced) return synced;
  if (auto renamed = disk.rename_no_replace(kNewPath, kLedgerPath); !renamed) return renamed;
  return disk.sync_directory(kStateDirectory);
}

}  // namespace

Result<std::vector<std::string>> carried_sources(Disk& disk) {
  const auto names = source_names(disk);
  if (!names) return names.error();
  std::vector<std::string> carried;
  for (const auto& name : *names) {
    const auto manifest = disk.stat(manifest_path(name));
    if (!manifest) return manifest.error();
    const auto archives = disk.stat(name + "/archives");
    if (!archives) return archives.error();
    if (*manifest || *archives) carried.push_back(name);
  }
  return carried;
}

Result<std::optional<NameRules>> carried_name_rules(Disk& disk) {
  const auto names = carried_sources(disk);
  if (!names) return names.error();
  std::optional<NameRules> told;
  for (const auto& name : *names) {
    const auto visited = visit_manifest(disk, name, [&](ManifestEntry&& entry) {
      if (entry.kind != ManifestEntry::Kind::kHeld) return true;
      const auto path_by = [&](NameRules rules) {
        return "archives/" + path_of_key(entry.key, rules, entry.variant);
      };
      const bool posix = path_by(NameRules::kPosix) == entry.path;
      const bool portable = path_by(NameRules::kPortable) == entry.path;
      if (posix != portable) told = posix ? NameRules::kPosix : NameRules::kPortable;
      return !told;
    });
    if (!visited) return visited.error();
    if (told) break;
  }
  return told;
}

Result<Rebuilt> rebuild_ledger(Disk& disk, const RebuildRequest& request) {
  if (auto removed = remove_both(disk, kNewPath); !removed) return removed.error();
  if (auto made = Ledger::create(disk, kNewPath); !made) return made.error();
  Result<Rebuilt> rebuilt;
  {
    auto ledger = Ledger::open(disk, Access::kReadWrite, kNewPath);
    if (!ledger) return ledger.error();
    rebuilt = Rebuild(disk, *ledger, request).run();
  }
  if (!rebuilt) {
    // What is left of it is in nobody's way; the next one removes it too.
    static_cast<void>(remove_both(disk, kNewPath));
    return rebuilt;
  }
  if (auto placed = put_in_place(disk); !placed) return placed.error();
  return rebuilt;
}

}  // namespace store
