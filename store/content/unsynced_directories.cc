#include "store/content/unsynced_directories.h"

#include <algorithm>
#include <utility>

#include "store/content/key_path.h"

namespace store {

namespace {

constexpr std::size_t kMaxRememberedDirectories = 256;
constexpr std::size_t kMaxSingleSyncs = 16;

// By the directory below the source alone: a key may have one of that name too.
bool is_of_archives(std::string_view directory) {
  const auto below_source = directory.substr(std::min(directory.find('/'), directory.size()));
  return below_source == "/archives" || below_source.starts_with("/archives/");
}

}  // namespace

void UnsyncedDirectories::note_changed(std::string directory) {
  changed_.insert(std::move(directory));
}

void UnsyncedDirectories::note_used(const std::string& directory) {
  note_changed(parent_of(directory));
  // Forgetting costs a few calls and a few syncs when a directory comes up again.
  if (used_.size() >= kMaxRememberedDirectories) used_.clear();
  used_.insert(directory);
}

void UnsyncedDirectories::note_placed(std::string_view path) {
  std::string directory = parent_of(path);
  note_changed(directory);
  for (; !directory.empty() && !is_used(directory); directory = parent_of(directory)) {
    note_used(directory);
  }
}

Status UnsyncedDirectories::sync() {
  if (failed_sync_) return *failed_sync_;
  Status synced = Error{ErrorKind::kNotSupported, 0, "", ""};
  if (changed_.size() > kMaxSingleSyncs) synced = disk_.sync_filesystem();
  if (!synced && synced.error().kind == ErrorKind::kNotSupported) synced = sync_each();
  if (!synced) {
    failed_sync_ = synced.error();
    return synced;
  }
  changed_.clear();
  return {};
}

// Those of the archives last: what was renamed out of one of them has its new name before it loses
// the old one.
Status UnsyncedDirectories::sync_each() {
  for (const bool of_archives : {false, true}) {
    for (const std::string& directory : changed_) {
      if (is_of_archives(directory) != of_archives) continue;
      if (auto synced = disk_.sync_directory(directory); !synced) return synced;
    }
  }
  return {};
}

}  // namespace store
