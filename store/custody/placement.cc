// How a verified content gets its name. The file lies in staging, finished, synced and read back;
// what is left is a rename, and the care that it takes nothing from anybody.
//
// A key has up to three names, tried in their order (key_path.h). A name may be taken by another
// key, because the filesystem folds case or because `a` and `a/b` both exist, by a file of somebody
// else, or by our own file: a crash between placing and recording leaves it right and unknown. So
// the rename never replaces. Where it finds the name taken, adopt() looks whether the file is of
// exactly that name and holds the content, cheapest question first, and takes it for ours; anything
// else is left alone, and the next name is tried.
//
// A second place (keep_aside(), keep_damaged()) is another name of the same file wherever the
// filesystem has links, and a copy or a move where it has none. Only with a durable second place
// may replace() put another content over the first: a rename between two directories is two
// changes, which a power cut may bring to the disk in any order.
//
// Names become durable by sync(), many at once (unsynced_directories.h). A directory that we
// remember may be removed meanwhile, by a person or by our own tidying: then the rename is
// kNotFound, everything that is remembered is forgotten, and it is tried once more.
#include "store/custody/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "store/content/duplicate.h"
#include "store/content/path_check.h"
#include "store/content/unsynced_directories.h"

namespace store {
namespace {

enum class Origin {
  kStaged,  ///< its one name is in staging, and goes
  kPlaced,  ///< it keeps the name that it has
};

// stat() cannot tell `a` from `A` where case is folded; the names in the directory can.
Result<bool> is_stored_name(Disk& disk, std::string_view path) {
  const std::string parent = parent_of(path);
  const std::string_view wanted = parent.empty() ? path : path.substr(parent.size() + 1);
  bool found = false;
  const auto listed = disk.list_directory(parent, [&](std::string_view name, FileKind) {
    found = name == wanted;
    return !found;
  });
  if (!listed) return listed.error();
  return found;
}

Error not_a_content(const std::string& path) {
  return {ErrorKind::kCorrupt, 0, path,
          "the ledger is damaged (it names a path that no content has); 'holdfast rebuild' makes a "
          "new one from the disk"};
}

std::string with_swapped_case(std::string text) {
  for (char& c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) c = static_cast<char>(c ^ 0x20);
  }
  return text;
}

Result<bool> same_size(Disk& disk, const std::string& one, const std::string& other) {
  const auto first = disk.stat(one);
  if (!first) return first.error();
  const auto second = disk.stat(other);
  if (!second) return second.error();
  return first->has_value() && second->has_value() && (*first)->kind == FileKind::kFile &&
         (*second)->kind == FileKind::kFile && (*first)->size_bytes == (*second)->size_bytes;
}

}  // namespace

struct Placer::Impl {
  Impl(Disk& the_disk, NameRules the_rules)
      : disk(the_disk), rules(the_rules), unsynced(the_disk) {}

  Result<bool> claim(const std::string& from_path, Origin origin, const std::string& path,
                     NameVariant variant, std::span<const std::byte> sha256);
  Result<std::string> claim_generation(const std::string& from_path, Origin origin,
                                       const GenerationName& name);
  Status give_name(const std::string& from_path, Origin origin, const std::string& path,
                   std::span<const std::byte> sha256);
  Result<bool> adopt(const std::string& from_path, Origin origin, const std::string& path,
                     std::span<const std::byte> sha256);
  Result<std::string> keep_damaged(const std::string& path, FileKind kind,
                                   std::span<const std::string> to_paths);
  Result<std::string> keep_damaged_at(const std::string& path, FileKind kind,
                                      const std::string& to_path);
  Result<bool> make_directories(const std::string& path, NameVariant variant);
  Result<bool> make_one_directory(const std::string& path, NameVariant variant);
  Result<bool> is_own_directory(const std::string& path, NameVariant variant);
  Result<bool> folds_case(const std::string& existing_path);
  Status replace(const std::string& staged_path, const std::string& archive_path);
  void drop_damaged(const std::string& path, const std::string& staged_path);

  Disk& disk;
  NameRules rules;
  UnsyncedDirectories unsynced;
  /// Where damaged bytes have a second name, by the first.
  std::map<std::string, std::string> damaged_names;
  std::optional<bool> case_is_folded;
};

// False when a directory of the path is something else.
Result<bool> Placer::Impl::make_directories(const std::string& path, NameVariant variant) {
  // From the top: a symbolic link on the way is then found as what it is, before it is in the way.
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (const auto made = make_one_directory(path.substr(0, end), variant); !made || !*made)
      return made;
  }
  return make_one_directory(path, variant);
}

Result<bool> Placer::Impl::make_one_directory(const std::string& path, NameVariant variant) {
  if (unsynced.is_used(path)) return true;
  const auto info = disk.stat(path);
  if (!info) return info.error();
  if (!info->has_value()) {
    if (const auto made = disk.make_directory(path); !made) {
      if (made.error().kind == ErrorKind::kExists) return false;
      return made.error();
    }
  } else {
    if ((*info)->kind != FileKind::kDirectory) return false;
    const auto exact = is_own_directory(path, variant);
    if (!exact || !*exact) return exact;
  }
  unsynced.note_used(path);
  return true;
}

// In a directory `a`, the keys a/x and A/x would be one file. Distinct names may share it: the hash
// in them tells the keys apart.
Result<bool> Placer::Impl::is_own_directory(const std::string& path, NameVariant variant) {
  if (variant != NameVariant::kPlain) return true;
  const auto folded = folds_case(path);
  if (!folded) return folded;
  return *folded ? is_stored_name(disk, path) : true;
}

Result<bool> Placer::Impl::folds_case(const std::string& existing_path) {
  if (case_is_folded) return *case_is_folded;
  const std::string swapped = with_swapped_case(existing_path);
  // A name without letters tells nothing; the answer that costs a listing is the safe one.
  if (swapped == existing_path) return true;
  const auto found = disk.stat(swapped);
  if (!found) return found.error();
  case_is_folded = found->has_value();
  return *case_is_folded;
}

// False when the name, or the name of a directory on the way, is taken by something else.
Result<bool> Placer::Impl::claim(const std::string& from_path, Origin origin,
                                 const std::string& path, NameVariant variant,
                                 std::span<const std::byte> sha256) {
  const std::string parent = parent_of(path);
  const auto ready = make_directories(parent, variant);
  if (!ready || !*ready) return ready;
  auto named = give_name(from_path, origin, path, sha256);
  if (!named && named.error().kind == ErrorKind::kNotFound) {
    // A directory that we remember may have been removed since.
    unsynced.forget_used();
    const auto ready_again = make_directories(parent, variant);
    if (!ready_again || !*ready_again) return ready_again;
    named = give_name(from_path, origin, path, sha256);
  }
  if (named) {
    unsynced.note_changed(parent);
    return true;
  }
  if (named.error().kind != ErrorKind::kExists) return named.error();
  return adopt(from_path, origin, path, sha256);
}

Status Placer::Impl::give_name(const std::string& from_path, Origin origin, const std::string& path,
                               std::span<const std::byte> sha256) {
  if (origin == Origin::kStaged) return disk.rename_no_replace(from_path, path);
  auto linked = disk.link(from_path, path);
  if (linked || linked.error().kind != ErrorKind::kNotSupported) return linked;
  const auto copy = copy_to_staging(disk, from_path, sha256);
  if (!copy) return copy.error();
  return disk.rename_no_replace(*copy, path);
}

Result<std::string> Placer::Impl::claim_generation(const std::string& from_path, Origin origin,
                                                   const GenerationName& name) {
  auto variant = variants_of(name.key, rules).front();
  Error refusal{ErrorKind::kExists, 0, from_path,
                "every name for it beside the trusted one is taken"};
  for (auto& path : generation_paths(name.source, name.place, name.key, rules, name.last_modified,
                                     name.sha256)) {
    const auto claimed = claim(from_path, origin, path, variant, name.sha256);
    if (claimed && *claimed) return std::move(path);
    if (!claimed && claimed.error().kind != ErrorKind::kRefusedName) return claimed.error();
    if (!claimed) refusal = claimed.error();
    // Whatever comes after the first bears a hash.
    variant = NameVariant::kNarrow;
  }
  return refusal;
}

Result<bool> Placer::Impl::adopt(const std::string& from_path, Origin origin,
                                 const std::string& path, std::span<const std::byte> sha256) {
  // Cheapest first: only a file that may be ours is read.
  const auto comparable = same_size(disk, from_path, path);
  if (!comparable || !*comparable) return comparable;
  const auto exact = is_stored_name(disk, path);
  if (!exact || !*exact) return exact;
  // What cannot be read there is nothing that we would take for ours.
  const auto same = holds(disk, path, sha256);
  if (!same || !*same) return false;

  if (auto finished = disk.set_finished(path, true); !finished) {
    return finished.error();
  }
  if (origin == Origin::kStaged) {
    if (auto removed = disk.remove_file(from_path); !removed) {
      return removed.error();
    }
  }
  unsynced.note_changed(parent_of(path));
  return true;
}

Result<std::string> Placer::Impl::keep_damaged(const std::string& path, FileKind kind,
                                               std::span<const std::string> to_paths) {
  Result<std::string> kept = Error{ErrorKind::kExists, 0, path, "it has no name to be kept under"};
  for (const auto& to_path : to_paths) {
    kept = keep_damaged_at(path, kind, to_path);
    if (kept || !concerns_a_name(kept.error())) return kept;
  }
  return kept;
}

// Whatever it is, and however often it was so in this second. Where a file can have two names it
// keeps the first: a rename between two directories may be lost half in a power cut.
Result<std::string> Placer::Impl::keep_damaged_at(const std::string& path, FileKind kind,
                                                  const std::string& to_path) {
  constexpr int kTries = 100;
  const auto ready = make_directories(parent_of(to_path), NameVariant::kDistinct);
  if (!ready) return ready.error();
  for (int i = 1; *ready && i <= kTries; ++i) {
    auto to = i == 1 ? to_path : fmt::format("{}-{}", to_path, i);
    Status named = Error{ErrorKind::kNotSupported, 0, path, ""};
    if (kind == FileKind::kFile) named = disk.link(path, to);
    if (named) damaged_names[path] = to;
    if (!named && named.error().kind == ErrorKind::kNotSupported) {
      named = disk.rename_no_replace(path, to);
    }
    if (named) {
      unsynced.note_changed(parent_of(to));
      unsynced.note_changed(parent_of(path));
      return to;
    }
    if (named.error().kind != ErrorKind::kExists) return named.error();
  }
  return Error{ErrorKind::kExists, 0, to_path, "every name for the damaged bytes is taken"};
}

Placer::Placer(Disk& disk, NameRules rules) : impl_(std::make_unique<Impl>(disk, rules)) {}
Placer::~Placer() = default;
Placer::Placer(Placer&&) noexcept = default;

Result<NameVariant> Placer::place(const std::string& staged_path, std::string_view source,
                                  std::string_view key, std::span<const std::byte> sha256) {
  Error refusal{ErrorKind::kExists, 0, "", "every name of this key is taken by something else"};
  for (const NameVariant variant : variants_of(key, impl_->rules)) {
    const auto path = archive_path(source, key, impl_->rules, variant);
    const auto claimed = impl_->claim(staged_path, Origin::kStaged, path, variant, sha256);
    if (claimed && *claimed) return variant;
    if (!claimed && claimed.error().kind != ErrorKind::kRefusedName) return claimed.error();
    if (!claimed) refusal = claimed.error();
  }
  return refusal;
}

Result<std::string> Placer::place_generation(const std::string& staged_path,
                                             const GenerationName& name) {
  return impl_->claim_generation(staged_path, Origin::kStaged, name);
}

Result<std::string> Placer::keep_aside(const std::string& placed_path, const GenerationName& name) {
  return impl_->claim_generation(placed_path, Origin::kPlaced, name);
}

Result<bool> Placer::is_placed(const std::string& path, std::uint64_t size_bytes,
                               std::span<const std::byte> sha256) {
  const auto possible = may_hold(impl_->disk, path, size_bytes);
  if (!possible || !*possible) return possible;
  const auto exact = is_stored_name(impl_->disk, path);
  if (!exact || !*exact) return exact;
  return holds(impl_->disk, path, sha256);
}

Result<std::string> Placer::keep_damaged(const std::string& path,
                                         std::span<const std::string> damaged_paths) {
  const auto before = impl_->disk.stat(path);
  if (!before) return before.error();
  if (!*before) return std::string();
  return impl_->keep_damaged(path, (*before)->kind, damaged_paths);
}

// Nothing has taken the place of the damaged file, so that it needs no second name; each run that
// fails so would leave one. Whatever fails here costs no more than that.
void Placer::Impl::drop_damaged(const std::string& path, const std::string& staged_path) {
  const auto found = damaged_names.find(path);
  if (found == damaged_names.end()) return;
  const auto damaged = disk.stat(path);
  const auto staged = disk.stat(staged_path);
  if (damaged && *damaged && staged && *staged) {
    static_cast<void>(disk.remove_file(found->second));
  }
  damaged_names.erase(found);
}

Status Placer::replace(const std::string& staged_path, const std::string& archive_path) {
  auto replaced = impl_->replace(staged_path, archive_path);
  if (!replaced) impl_->drop_damaged(archive_path, staged_path);
  return replaced;
}

Status Placer::Impl::replace(const std::string& staged_path, const std::string& archive_path) {
  if (!is_content_path(archive_path)) return not_a_content(archive_path);
  auto renamed = disk.rename_replace(staged_path, archive_path);
  if (!renamed && renamed.error().kind == ErrorKind::kNotFound) {
    // Somebody removed the held file, and its directory with it. The path is ours.
    unsynced.forget_used();
    const auto made = make_directories(parent_of(archive_path), NameVariant::kDistinct);
    if (!made) return made.error();
    renamed = disk.rename_replace(staged_path, archive_path);
  }
  if (!renamed) return renamed;
  unsynced.note_changed(parent_of(archive_path));
  return {};
}

Result<std::string> Placer::put_back(const std::string& staged_path,
                                     const std::string& archive_path,
                                     std::span<const std::string> damaged_paths) {
  if (!is_content_path(archive_path)) return not_a_content(archive_path);
  auto aside = keep_damaged(archive_path, damaged_paths);
  if (!aside) return aside;
  if (!aside->empty()) {
    if (auto synced = sync(); !synced) return synced.error();
  }
  if (auto replaced = replace(staged_path, archive_path); !replaced) {
    return replaced.error();
  }
  return aside;
}

void Placer::note_placed(std::string_view path) { impl_->unsynced.note_placed(path); }

Status Placer::sync() { return impl_->unsynced.sync(); }

}  // namespace store
