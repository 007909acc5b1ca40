#include "store/custody/removal.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/content/path_check.h"
#include "store/content/unsynced_directories.h"
#include "store/custody/manifest.h"
#include "store/custody/sums.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

constexpr std::size_t kRemovedAtOnce = 256;
// More than one run leaves; of what comes behind it is said once more that it is gone.
constexpr std::size_t kMaxSaid = 100'000;

class Removals {
 public:
  Removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
           NameRules rules, std::set<std::string> said, AllUnfinished& left)
      : disk_(disk),
        ledger_(ledger),
        source_(source),
        name_(source_name),
        rules_(rules),
        said_(std::move(said)),
        left_(left) {}

  Status run() {
    auto open = next();
    if (!open) return open.error();
    if (open->empty()) return {};
    auto written = refresh_sums(disk_, ledger_, source_, name_, rules_);
    if (!written && concerns_a_name(written.error())) {
      // They would go on naming what is gone: nothing goes, and the next opening tries again.
      note_left({}, std::move(written.error()));
      return {};
    }
    if (!written) return written.error();
    while (!open->empty()) {
      if (auto done = finish(*std::move(open)); !done) return done;
      open = next();
      if (!open) return open.error();
    }
    return {};
  }

 private:
  Result<std::vector<Removal>> next() {
    auto open = LedgerWriter(ledger_).open_removals(source_, kRemovedAtOnce + stuck_.size());
    if (open) std::erase_if(*open, [&](const Removal& one) { return stuck_.contains(one.path); });
    return open;
  }

  Status finish(std::vector<Removal> open) {
    std::vector<Removal> removable;
    for (const auto& one : open) {
      // Whoever wrote anything else there is not to be obeyed.
      if (!is_content_path(one.path, name_)) continue;
      const auto held = is_held(one);
      if (!held) return held.error();
      if (!*held) removable.push_back(one);
    }
    if (auto said = say(removable); !said) return said;
    if (auto removed = remove_files(removable); !removed) return removed;
    // Of what is stuck the intent stays, so that no later one is forgotten for it.
    std::erase_if(open, [&](const Removal& one) { return stuck_.contains(one.path); });
    if (auto ended = LedgerWriter(ledger_).end_removals(source_, open); !ended) return ended;
    for (const auto& one : removable) remove_empty_directories(one.path);
    return {};
  }

  Status say(std::vector<Removal> removable) {
    std::erase_if(removable, [&](const Removal& one) { return said_.contains(one.path); });
    return append_removals(disk_, name_, removable);
  }

  Result<bool> is_held(const Removal& removal) {
    if (!removal.trusted) return ledger_.has_generation_at(source_, removal.key, removal.path);
    const auto archive = ledger_.find(source_, removal.key);
    if (!archive) return archive.error();
    return *archive &&
           archive_path(name_, removal.key, rules_, (*archive)->variant) == removal.path;
  }

  Status remove_files(const std::vector<Removal>& removable) {
    UnsyncedDirectories directories(disk_);
    for (const auto& one : removable) {
      auto removed = disk_.remove_file(one.path);
      if (!removed && !concerns_a_content(removed.error())) return removed;
      if (!removed) {
        stuck_.insert(one.path);
        note_left(one, std::move(removed.error()));
        continue;
      }
      // Also where the file was gone: a run that was killed may have removed it and not synced.
      const auto directory = disk_.stat(parent_of(one.path));
      if (!directory) return directory.error();
      if (*directory) directories.note_placed(one.path);
    }
    return directories.sync();
  }

  void note_left(const Removal& one, Error error) {
    const bool known = std::ranges::any_of(
        left_, [&](const Unfinished& other) { return other.error.path == error.path; });
    if (!known) left_.push_back({name_, one.key, std::move(error)});
  }

  // What is left of them is in nobody's way, so whatever fails here does not matter.
  void remove_empty_directories(const std::string& path) {
    for (auto directory = parent_of(path); std::ranges::count(directory, '/') > 1;
         directory = parent_of(directory)) {
      if (!disk_.remove_directory(directory)) return;
    }
  }

  Disk& disk_;
  Ledger& ledger_;
  const SourceId source_;
  const std::string name_;
  const NameRules rules_;
  const std::set<std::string> said_;  // by the manifest already
  AllUnfinished& left_;
  std::set<std::string> stuck_;
};

// Of what earlier runs could not remove: what the manifest says of it last.
Result<std::set<std::string>> said_before(Disk& disk, Ledger& ledger, SourceId source,
                                          std::string_view source_name) {
  const auto open = LedgerWriter(ledger).open_removals(source, kMaxSaid);
  if (!open) return open.error();
  std::set<std::string> said;
  if (open->empty()) return said;
  std::set<std::string, std::less<>> paths;
  for (const auto& one : *open) paths.insert(one.path);
  auto visited = visit_manifest(disk, source_name, [&](ManifestEntry&& entry) {
    auto path = fmt::format("{}/{}", source_name, entry.path);
    if (!paths.contains(path)) return true;
    const bool gone =
        entry.kind == ManifestEntry::Kind::kPruned || entry.kind == ManifestEntry::Kind::kLost;
    if (gone) {
      said.insert(std::move(path));
    } else if (entry.kind != ManifestEntry::Kind::kSame) {
      said.erase(path);
    }
    return true;
  });
  if (!visited) return visited.error();
  return said;
}

}  // namespace

Status finish_removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                       NameRules rules, AllUnfinished& left) {
  std::set<std::string> said;
  for (const auto& one : left) said.insert(one.error.path);
  return Removals(disk, ledger, source, source_name, rules, std::move(said), left).run();
}

Status finish_earlier_removals(Disk& disk, Ledger& ledger, SourceId source,
                               std::string_view source_name, NameRules rules, AllUnfinished& left) {
  auto said = said_before(disk, ledger, source, source_name);
  if (!said) return said.error();
  return Removals(disk, ledger, source, source_name, rules, *std::move(said), left).run();
}

}  // namespace store
