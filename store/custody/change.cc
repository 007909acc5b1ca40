#include "store/custody/change.h"

#include <algorithm>
#include <utility>

#include "store/content/duplicate.h"
#include "store/content/path_check.h"
#include "store/custody/change_impl.h"
#include "store/custody/manifest.h"
#include "store/custody/supersession.h"

namespace store {

Change::Change(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Change::~Change() = default;
Change::Change(Change&&) noexcept = default;

Time Change::now() const { return impl_->batch.now; }
const Batch& Change::batch() const { return impl_->batch; }

Status Change::place(const std::string& staged_path, const std::string& source_name,
                     Placed placed) {
  const auto variant =
      impl_->placer.place(staged_path, source_name, placed.archive.key, placed.archive.sha256);
  if (!variant) return variant.error();
  placed.archive.variant = *variant;
  impl_->batch.archives.push_back(std::move(placed));
  return {};
}

void Change::adopt(std::string_view path, Placed placed) {
  impl_->placer.note_placed(path);
  placed.archive.variant = variants_of(placed.archive.key, impl_->rules).front();
  impl_->batch.archives.push_back(std::move(placed));
}

Result<std::string> Change::place_generation(const std::string& staged_path,
                                             const std::string& source_name, SourceId source,
                                             const Archive& content, Place place, Role fetched_as) {
  auto path = impl_->placer.place_generation(
      staged_path, {source_name, place, content.key, content.last_modified, content.sha256});
  if (!path) return path;
  impl_->batch.generations.push_back(
      {source, generation_of(content, place, *path, now()), fetched_as});
  return path;
}

Result<Change::Repair> Change::repair(const std::string& staged_path, const std::string& path,
                                      const std::string& source_name, const Sha256& sha256,
                                      Batch::Repaired repaired) {
  Repair repair;
  const auto whole = holds(impl_->disk, path, sha256);
  if (whole && *whole) {
    repair.read_right_again = true;
    impl_->placer.note_placed(path);
    if (auto removed = impl_->disk.remove_file(staged_path); !removed) return removed.error();
  } else {
    auto aside = impl_->placer.put_back(
        staged_path, path, damaged_paths(source_name, repaired.key, impl_->rules, now()));
    if (!aside) return aside.error();
    repair.damaged_path = *std::move(aside);
  }
  impl_->batch.repaired.push_back(std::move(repaired));
  return repair;
}

Result<std::vector<Superseded>> Change::supersede(const std::vector<Succession>& successions) {
  auto& batch = impl_->batch;
  std::vector<Replacement> replacements;
  replacements.reserve(successions.size());
  for (const auto& one : successions) replacements.push_back(one.replacement);
  auto before =
      store::supersede(impl_->ledger, impl_->placer, impl_->rules, replacements, batch.now);
  if (!before) return before;
  for (std::size_t i = 0; i < successions.size(); ++i) {
    const auto& replacement = successions[i].replacement;
    if ((*before)[i].stuck) {
      // What was begun stays on record, and the next opening of the mirror takes it back.
      std::erase_if(batch.placements, [&](const Placement& intent) {
        return intent.source == replacement.source && intent.archive.key == replacement.held.key;
      });
      continue;
    }
    if ((*before)[i].lies) {
      batch.generations.push_back({replacement.source, *(*before)[i].lies, std::nullopt});
    }
    // It may have waited in quarantine, under another name of the upstream's.
    const auto waited =
        impl_->ledger.find_generation(replacement.source, replacement.held.key,
                                      successions[i].successor.archive.sha256, Place::kQuarantine);
    if (!waited) return waited.error();
    if (*waited) batch.intents.push_back({replacement.source, replacement.held.key});
    // The one that is trusted is the bucket's again.
    batch.ended.push_back({replacement.source, AlarmKind::kChanged, replacement.held.key});
    batch.archives.push_back(successions[i].successor);
    batch.archives.back().archive.variant = replacement.held.variant;
  }
  return before;
}

void Change::note_same(Batch::Same same) { impl_->batch.same.push_back(std::move(same)); }
void Change::note_listed_as(ListedAs listed) {
  impl_->batch.listed_as.push_back(std::move(listed));
}
void Change::raise(Batch::Raised alarm) { impl_->batch.raised.push_back(std::move(alarm)); }
void Change::end(Batch::Ended alarm) { impl_->batch.ended.push_back(std::move(alarm)); }
void Change::note_form(StreamForm form) { impl_->batch.forms.push_back(std::move(form)); }
void Change::note_walk(WalkRecord walk) { impl_->batch.walks.push_back(std::move(walk)); }
void Change::note_soundness(Batch::SoundnessNote note) {
  impl_->batch.soundness.push_back(std::move(note));
}
void Change::hold(SourceId source) { impl_->batch.holds.push_back(source); }

Status Change::commit(const std::function<Status()>& record_more) {
  if (auto synced = impl_->placer.sync(); !synced) return synced;
  const auto& batch = impl_->batch;
  const auto record = [&] {
    return record_durably(impl_->disk, impl_->ledger, impl_->rules, batch);
  };
  auto recorded = !record_more ? record() : impl_->ledger.at_once([&]() -> Status {
    const auto more = record_more();
    return more ? record() : more;
  });
  if (!recorded || batch.intents.empty()) return recorded;
  // What cannot be tidied up now is told of when the mirror is opened next.
  AllUnfinished left;
  return recover_supersessions(impl_->disk, impl_->ledger, impl_->rules, left);
}

}  // namespace store
