#include "store/removal.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/content_path.h"
#include "store/ledger_writer.h"
#include "store/manifest.h"
#include "store/placement.h"
#include "store/sums.h"

namespace store {
namespace {

constexpr std::size_t kAtOnce = 256;

class Removals {
 public:
  Removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
           NameRules rules, AllUnfinished& left)
      : disk_(disk),
        ledger_(ledger),
        source_(source),
        name_(source_name),
        rules_(rules),
        left_(left) {}

  Status run() {
    auto open = next();
    if (!open) return open.error();
    if (open->empty()) return {};
    if (auto written = write_sums(disk_, ledger_, source_, name_, rules_); !written) return written;
    if (auto marked = LedgerWriter(ledger_).mark_sums_written(source_); !marked) return marked;
    while (!open->empty()) {
      if (auto done = finish(*std::move(open)); !done) return done;
      open = next();
      if (!open) return open.error();
    }
    return {};
  }

 private:
  Result<std::vector<Removal>> next() {
    auto open = LedgerWriter(ledger_).open_removals(source_, kAtOnce + stuck_.size());
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
    if (auto said = append_removals(disk_, name_, removable); !said) return said;
    if (auto removed = remove_files(removable); !removed) return removed;
    // Of what is stuck the intent stays, so that no later one is forgotten for it.
    std::erase_if(open, [&](const Removal& one) { return stuck_.contains(one.path); });
    if (auto ended = LedgerWriter(ledger_).end_removals(source_, open); !ended) return ended;
    for (const auto& one : removable) remove_empty_directories(one.path);
    return {};
  }

  Result<bool> is_held(const Removal& removal) {
    if (!removal.trusted) return ledger_.lies_beside(source_, removal.key, removal.path);
    const auto archive = ledger_.find(source_, removal.key);
    if (!archive) return archive.error();
    return *archive &&
           archive_path(name_, removal.key, rules_, (*archive)->variant) == removal.path;
  }

  Status remove_files(const std::vector<Removal>& removable) {
    Placer directories(disk_, rules_);
    for (const auto& one : removable) {
      auto removed = disk_.remove_file(one.path);
      if (!removed && !concerns_a_content(removed.error())) return removed;
      if (!removed) {
        stuck_.insert(one.path);
        left_.push_back({name_, one.key, std::move(removed.error())});
        continue;
      }
      // Also where the file was gone: a run that was killed may have removed it and not synced.
      const auto directory = disk_.stat(parent_of(one.path));
      if (!directory) return directory.error();
      if (*directory) directories.note_placed(one.path);
    }
    return directories.sync();
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
  AllUnfinished& left_;
  std::set<std::string> stuck_;
};

}  // namespace

Status finish_removals(Disk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
                       NameRules rules, AllUnfinished& left) {
  return Removals(disk, ledger, source, source_name, rules, left).run();
}

}  // namespace store
