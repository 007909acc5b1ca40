#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/content/layout.h"
#include "store/disk/error.h"
#include "store/ledger/batch.h"

namespace store {

struct Mirror;

/// A held content, and what shall have its place.
struct Replacement {
  SourceId source = 0;
  std::string source_name;
  Archive held;
  std::string staged_path;  ///< synced, read back, and right
};

/// What became of a content that had to give way.
struct Superseded {
  std::optional<Generation> lies;  ///< where it is held now; nullopt: it is held no more
  std::string damaged_path;        ///< it was rotten: where its bytes are; "": its file was gone
  /// Its file can neither be read nor moved: it stays, and so does the intent. `lies` is empty.
  std::optional<Error> stuck{};
};

/// A held content that takes the place of another one: the replacement, and what it is then.
struct Succession {
  Replacement replacement;
  Placed successor;  ///< its variant is that of the held one, whatever it says
};

/// One change of what is held, of as many contents as are at hand. Its calls give names on the disk
/// and gather what that means; nothing of it is held until commit() has returned. A Change that is
/// given up is finished, or taken back, when the mirror is opened next. Made by Mirror::begin();
/// the mirror outlives it. The staged contents are synced, read back, and right.
///
/// An error of concerns_a_name() or concerns_a_content() is of the one content: the others can go
/// on. Any other one ends the change.
class Change {
 public:
  ~Change();
  Change(Change&&) noexcept;

  Time now() const;
  /// What it means so far.
  const Batch& batch() const;

  /// The staged content becomes the trusted one of its key, which is not held.
  Status place(const std::string& staged_path, const std::string& source_name, Placed placed);
  /// Likewise for a file that lies under its first name already, as a crash left it.
  void adopt(std::string_view path, Placed placed);
  /// The staged content is held beside the trusted one of its key. Returns where it lies.
  Result<std::string> place_generation(const std::string& staged_path,
                                       const std::string& source_name, SourceId source,
                                       const Archive& content, Place place, Role fetched_as);
  struct Repair {
    bool read_right_again = false;  ///< a crash came between an earlier repair and its record
    std::string damaged_path;       ///< where the damaged bytes are; "": there were none
  };
  /// The staged content, which is the held one, takes the place of its damaged copy at `path`.
  Result<Repair> repair(const std::string& staged_path, const std::string& path,
                        const std::string& source_name, const Sha256& sha256,
                        Batch::Repaired repaired);
  /// Held contents give way. Returns for each what became of it; where it is not `stuck` the
  /// successor is the trusted one, and the alarm `changed` of the key ends. Once in a change.
  Result<std::vector<Superseded>> supersede(const std::vector<Succession>& successions);

  void note_same(Batch::Same same);
  void note_listed_as(ListedAs listed);
  void raise(Batch::Raised alarm);
  void end(Batch::Ended alarm);
  void note_form(StreamForm form);
  void note_walk(WalkRecord walk);
  void note_soundness(Batch::SoundnessNote note);
  /// The source is on HOLD from the commit on; one that is so already stays so.
  void hold(SourceId source);

  /// Makes all of it durable, and records it: in the manifests, then in the ledger.
  Status commit();

 private:
  friend struct Mirror;
  struct Impl;
  explicit Change(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
