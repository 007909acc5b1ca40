#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/content/digest.h"
#include "store/content/generation_paths.h"
#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"

namespace store {

/// A content that is held beside the trusted one of its key.
struct GenerationName {
  std::string_view source;
  Place place = Place::kSuperseded;
  std::string_view key;
  UpstreamTime last_modified{};
  std::span<const std::byte> sha256;
};

/// Gives verified contents their names. No name under archives/ comes to exist in another way.
///
/// place() and the calls like it rename, and sync() makes all of those names durable at once, which
/// is cheap for many. Nothing that was placed may be recorded in the ledger before sync() has
/// succeeded. The disk outlives the Placer. Not thread-safe; one for each run.
class Placer {
 public:
  Placer(Disk& disk, NameRules rules);
  ~Placer();
  Placer(Placer&&) noexcept;

  /// Gives a staged content its name under archives/. Makes the directories that are missing, and
  /// never replaces a file. Returns the variant of the name that it got.
  ///
  /// Requires: the staged content is finished (File::finish()) and synced, it was read back from
  /// the disk and found right, and the ledger does not hold this key.
  ///
  /// The names of variants_of() are tried in their order. A name is passed over when something else
  /// has it, when a directory of it is a file, or when the filesystem refuses it. When a file of
  /// exactly this name (not one that the filesystem folds to it) holds `sha256`, a crash came
  /// between placing and recording: then that file is ours, and the staged one is removed. Returns
  /// kExists or kRefusedName when no name can be had, which concerns this key alone.
  ///
  /// On an error nothing that was under archives/ before has changed.
  Result<NameVariant> place(const std::string& staged_path, std::string_view source,
                            std::string_view key, std::span<const std::byte> sha256);

  /// Gives a staged content its name beside the trusted content of its key: the first of its
  /// generation_paths() that can be had. Otherwise as place(). Returns that path.
  Result<std::string> place_generation(const std::string& staged_path, const GenerationName& name);

  /// Gives a placed content a second place, beside the trusted one, and leaves the first as it is.
  /// The second place is another name of the same file, or, where the filesystem has no links, a
  /// copy that was synced and read back. Returns its path.
  Result<std::string> keep_aside(const std::string& placed_path, const GenerationName& name);

  /// Returns true when a file of exactly this name lies there and holds this content, read from the
  /// device. Its name need not be durable yet; see note_placed().
  Result<bool> is_placed(const std::string& path, std::uint64_t size_bytes,
                         std::span<const std::byte> sha256);

  /// Gives the bytes at a path, whatever they are, a name among `damaged_paths`, or one beside it
  /// where that is taken. They keep their first name too where the filesystem has links; else they
  /// are moved. Returns where they lie, or "" when nothing was there. Durable with the next sync().
  Result<std::string> keep_damaged(const std::string& path,
                                   std::span<const std::string> damaged_paths);

  /// Puts a staged content in the place of a held one, atomically. Durable with the next sync(). On
  /// an error the held content is in its place, and a name that keep_damaged() gave it is removed
  /// again. Requires, besides what place() does (but for the ledger): the held content was kept
  /// aside, a sync() since has succeeded, and the ledger holds the intent (see
  /// recover_supersessions()).
  Status replace(const std::string& staged_path, const std::string& archive_path);

  /// Puts a staged content, which is the held one once more, in the place of its damaged copy. What
  /// lay there is kept first as keep_damaged() does, durably. Returns where it lies, or "" when
  /// nothing was there. Requires what place() does, but for the ledger.
  Result<std::string> put_back(const std::string& staged_path, const std::string& archive_path,
                               std::span<const std::string> damaged_paths);

  /// Says that a file lies under its name already, as a crash left it. The next sync() makes that
  /// name durable, and all directories above it.
  void note_placed(std::string_view path);

  /// On success every name that was given so far, and every directory above it, survives a power
  /// cut. On failure none of them may be recorded, and each further call fails. What it costs is
  /// said in store/content/unsynced_directories.h.
  Status sync();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
