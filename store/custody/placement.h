#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/content/digest.h"
#include "store/content/layout.h"
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

/// Gives verified contents their names. This is the only way a name under archives/ comes to exist.
///
/// For the durability of many at a small price, place() does the renames and sync() makes all of
/// them durable at once; nothing placed may be recorded in the ledger before sync() has succeeded.
/// Not thread-safe; one per run.
class Placer {
 public:
  Placer(Disk& disk, NameRules rules);
  ~Placer();
  Placer(Placer&&) noexcept;

  /// Requires: the staged content is finished (File::finish()) and synced, the verifier has
  /// accepted its bytes on the disk, and the ledger does not hold this key. Makes the directories
  /// that are missing and renames without replacing. Returns the variant under which it lies.
  ///
  /// When the name is taken by a file of exactly this name (not merely one that the filesystem
  /// folds to it) whose bytes on the disk have the SHA-256 `sha256`, a crash came between placing
  /// and recording: that file is kept as ours and the staged one is removed. When the plain name is
  /// taken by anything else, or a directory of it is a file, the distinct name is tried in the same
  /// way; and so on through variants_of(), also where the filesystem refuses a name. What was there
  /// is never touched. kExists or kRefusedName when no name can be had: the others can be placed.
  ///
  /// On any error nothing under archives/ has changed that was there before.
  Result<NameVariant> place(const std::string& staged_path, std::string_view source,
                            std::string_view key, std::span<const std::byte> sha256);

  /// Likewise for a staged content that is held beside the trusted one of its key: in the first of
  /// its generation_paths() that can be had. Returns that path.
  Result<std::string> place_generation(const std::string& staged_path, const GenerationName& name);

  /// Gives a placed content a second place beside the trusted one: a second name of the same file,
  /// or a copy, synced and read back, where the filesystem has no links. The first place stays.
  Result<std::string> keep_aside(const std::string& placed_path, const GenerationName& name);

  /// Whether a file of exactly this name lies there and holds this content. It is not synced yet;
  /// see note_placed().
  Result<bool> is_placed(const std::string& path, std::uint64_t size_bytes,
                         std::span<const std::byte> sha256);

  /// Keeps the bytes at a path, whatever they are, as put_back() does. Returns where they lie too,
  /// or only; "" when nothing was there. Durable with the next sync().
  Result<std::string> keep_damaged(const std::string& path,
                                   std::span<const std::string> damaged_paths);

  /// Puts a staged content in the place of a held one, atomically.
  /// Requires, besides what place() does: the held content was kept aside, a sync() since has
  /// succeeded, and the ledger holds the intent (see recover_supersessions()).
  Status replace(const std::string& staged_path, const std::string& archive_path);

  /// Puts a staged content, which is the held one once more, in the place of its damaged copy.
  /// What lay there, if anything, is durably at the first of `damaged_paths` that can be had before
  /// (or beside it, where that is taken); returns where, or "". Requires what place() does, but for
  /// the ledger.
  Result<std::string> put_back(const std::string& staged_path, const std::string& archive_path,
                               std::span<const std::string> damaged_paths);

  /// For a file that already lies under its name (adopted after a crash): its directories are made
  /// durable by the next sync().
  void note_placed(std::string_view path);

  /// On success every name placed so far, and every directory above it, survives a power cut. On
  /// failure none of them may be recorded. Up to 16 directories are synced one by one, more with
  /// one sync of the filesystem.
  Status sync();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
