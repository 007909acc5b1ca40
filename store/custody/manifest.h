#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/content/key_path.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/ledger/ledger.h"

namespace store {

/// `SOURCE/manifest.jsonl`: what the disk carries so that the ledger can be made anew from it. One
/// JSON object a line, only ever appended to, and synced before the ledger says the same. The form
/// is specified in store/FORMAT.md. A line that cannot be read, as a power cut leaves one, is none.
struct ManifestEntry {
  enum class Kind {
    kHeld,        ///< the trusted content of its key, in the stead of any earlier one
    kGeneration,  ///< a content beside it
    kSame,        ///< this upstream identity is a content that we have, or had
    kGone,        ///< it no longer lies beside the trusted one
    kPruned,      ///< retention removed it, from wherever it lay
    kLost,        ///< it was damaged and is given up, wherever it lay
    kReign,       ///< this content of the key was the trusted one from `placed_at` on
    kSoundness,   ///< what a later look at the trusted content of this SHA-256 has shown
  };
  Kind kind = Kind::kHeld;
  std::string key;
  NameVariant variant = NameVariant::kPlain;
  std::string path;  ///< below SOURCE/; of kSame, kReign and kSoundness, the plain one of its key
  Identity upstream;
  UpstreamTime last_modified{};
  Sha256 sha256{};
  ProofLevel verified_by = ProofLevel::kSize;
  Time held_since{};
  Time placed_at{};
  Unsound unsound = Unsound::kNo;
};

/// The entry as one line of the file, with the line break.
std::string line_of(const ManifestEntry& entry);
/// The entry that a line holds; nullopt when it holds none.
std::optional<ManifestEntry> entry_of(std::string_view line);

/// Records a batch: first in the manifests of its sources, durably, and then in the ledger.
/// Requires that every name in it is durable. On an error the ledger has recorded nothing of it.
Status record_durably(Disk& disk, Ledger& ledger, NameRules rules, const Batch& batch);

/// Says in the manifest of a source, durably, that these contents are removed, or given up.
/// Requires that the ledger says so already: what the manifest alone calls removed would be given
/// up by a rebuild.
Status append_removals(Disk& disk, std::string_view source_name, std::span<const Removal> removals);

/// Takes back, durably, what the manifest says of a succession that did not happen: says that
/// `held` is the trusted content of its key, and, unless `gone_path` is empty, that nothing lies at
/// `gone_path`. Writes nothing where the manifest says so already.
Status restate(Disk& disk, std::string_view source_name, const Archive& held, NameRules rules,
               std::string_view gone_path);

/// Writes the manifest of a source anew from the ledger, and puts it in place atomically and
/// durably, when it is missing or has lost lines that the ledger knows of. Does nothing when it is
/// whole, or when the source holds nothing and never had one. What is no file and has its name is
/// an error for which concerns_a_name() is true.
Status make_manifest_whole(Disk& disk, Ledger& ledger, SourceId source,
                           std::string_view source_name, NameRules rules);

/// Calls `visit` with each entry, in the order of the lines, until it returns false. Where there is
/// no manifest there are no entries. Memory does not grow with the file.
Status visit_manifest(Disk& disk, std::string_view source_name,
                      const std::function<bool(ManifestEntry&&)>& visit);

}  // namespace store
