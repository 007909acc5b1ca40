#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/generation_paths.h"
#include "store/disk/error.h"
#include "store/ledger/batch.h"

namespace store {

struct Mirror;

/// A held content, and the staged one that shall take its place.
struct Replacement {
  SourceId source = 0;
  std::string source_name;
  Archive held;
  std::string staged_path;  ///< synced, read back, and right
};

/// What became of a held content that had to give way.
struct Superseded {
  std::optional<Generation> lies;  ///< where it is held now; nullopt: it is no longer held
  std::string damaged_path;        ///< where its bytes are if it was damaged; "": its file was gone
  /// Why its file could neither be read nor moved. Then it stays in its place and trusted, the
  /// intent stays open, and `lies` is empty.
  std::optional<Error> stuck{};
};

/// One content that takes the place of a held one, and what is recorded of it then.
struct Succession {
  Replacement replacement;
  Placed successor;  ///< its variant is that of the held one, whatever it says
};

/// One change of what is held, for any number of contents. Mirror::begin() makes it, and the mirror
/// outlives it. Its calls give names on the disk and gather what is to be recorded; commit() makes
/// the names durable and records them. Nothing that a call did is held before commit() has
/// succeeded. What a change without commit() did is finished, or taken back, when the mirror is
/// opened next.
///
/// Requires of every staged content: it is finished and synced, and was read back and found right.
///
/// Errors: one for which concerns_a_name() or concerns_a_content() is true is about the one content
/// alone, and the caller may go on with the others. Any other error ends the change: no further
/// call may be made.
class Change {
 public:
  ~Change();
  Change(Change&&) noexcept;

  /// The time under which all of it is recorded.
  Time now() const;
  /// What commit() would record by now.
  const Batch& batch() const;

  /// Gives the staged content a name under archives/. It becomes the trusted content of its key,
  /// which must not be held.
  Status place(const std::string& staged_path, const std::string& source_name, Placed placed);
  /// Does the same for a file that a crash left under the first name of its key already.
  void adopt(std::string_view path, Placed placed);
  /// Gives the staged content a name below `place`, beside the trusted content of its key. Returns
  /// that path, which is relative to the disk.
  Result<std::string> place_generation(const std::string& staged_path,
                                       const std::string& source_name, SourceId source,
                                       const Archive& content, Place place, Role fetched_as);
  struct Repair {
    bool read_right_again = false;  ///< a crash came between an earlier repair and its record
    std::string damaged_path;       ///< where the damaged bytes are; "": there were none
  };
  /// Puts the staged content, which is the held one once more, in the place of its damaged copy at
  /// `path`. The damaged bytes get a name under damaged/ first, durably.
  Result<Repair> repair(const std::string& staged_path, const std::string& path,
                        const std::string& source_name, const Sha256& sha256,
                        Batch::Repaired repaired);
  /// Puts new contents in the place of held ones, so that no crash loses an old one. Returns for
  /// each what became of the old content. Where that is not `stuck`, the new one becomes the
  /// trusted content of its key, and the alarm `changed` of the key ends. May be called once in a
  /// change.
  Result<std::vector<Superseded>> supersede(const std::vector<Succession>& successions);

  /// These only gather what commit() records; see Batch.
  void note_same(Batch::Same same);
  void note_listed_as(ListedAs listed);
  void raise(Batch::Raised alarm);
  void end(Batch::Ended alarm);
  void note_form(StreamForm form);
  void note_walk(WalkRecord walk);
  void note_soundness(Batch::SoundnessNote note);
  /// The source is on HOLD from the commit on, or since it was before.
  void hold(SourceId source);

  /// Makes every name durable, then records all of it: durably in the manifests, then in the
  /// ledger. When it fails nothing of it is recorded in the ledger. `record_more` writes what else
  /// is to be in the ledger, in the same transaction. Requires that the caller is in none.
  Status commit(const std::function<Status()>& record_more = {});

 private:
  friend struct Mirror;
  struct Impl;
  explicit Change(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
