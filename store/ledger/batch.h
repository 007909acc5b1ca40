#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/ledger/alarm_kind.h"
#include "store/ledger/records.h"

// What is about to change, or has changed, of what is held.
namespace store {

struct Placed {
  SourceId source = 0;
  Archive archive;
  bool watched = false;   ///< it is an arrival in its stream; see sort_arrivals()
  bool vanished = false;  ///< the upstream no longer had it by then
};
/// An intent: this held key is about to get another content.
struct Supersession {
  SourceId source = 0;
  std::string key;
};
/// An intent: this verified content is about to get a name. Everything that its record needs.
struct Placement {
  SourceId source = 0;
  Archive archive;
  Role role = Role::kNew;
  bool watched = false;
};
/// A listing calls a content by an ETag that is not its own, with the same size and date. Once it
/// may be that it was overwritten between the two.
struct ListedAs {
  SourceId source = 0;
  std::string key;
  Identity upstream;  ///< as listed
  Sha256 sha256{};
};
/// A batch of effects, recorded all or none, once every name in it is durable.
struct Batch {
  struct NewGeneration {
    SourceId source = 0;
    Generation generation;
    std::optional<Role> fetched_as;  ///< none: it was held before, elsewhere
  };
  /// A fetched content turned out to be one that we have.
  struct Same {
    SourceId source = 0;
    std::string key;
    Identity upstream;
    Sha256 sha256{};
    Role role = Role::kChanged;
  };
  /// A held content was fetched again and lies where it did, whole.
  struct Repaired {
    SourceId source = 0;
    std::string key;
    std::string generation_path;  ///< empty: it is the one under archives/
    Identity upstream;
    Role role = Role::kRepair;
  };
  struct Removed {
    SourceId source = 0;
    std::string key;
    std::string path;  ///< of the generation that is no longer
  };
  /// What a later look at the trusted content of a key, or a walk, has shown. Of another content it
  /// says nothing.
  struct SoundnessNote {
    SourceId source = 0;
    std::string key;
    Sha256 sha256{};
    Unsound unsound = Unsound::kNo;
  };
  struct Raised {
    SourceId source = 0;
    AlarmKind kind = AlarmKind::kChanged;
    std::string key;
    std::string message;  ///< of an open alarm too, which then says the newest
  };
  struct Ended {
    SourceId source = 0;
    AlarmKind kind = AlarmKind::kChanged;
    std::string key;
  };
  Time now{};
  std::vector<Placed> archives;  ///< a key that is held gets this content in the other's stead
  std::vector<NewGeneration> generations;
  std::vector<Same> same;
  std::vector<ListedAs> listed_as;
  std::vector<Repaired> repaired;
  std::vector<Removed> removed;
  std::vector<SoundnessNote> soundness;
  std::vector<Raised> raised;
  std::vector<Ended> ended;
  std::vector<StreamForm> forms;      ///< as they are now
  std::vector<WalkRecord> walks;      ///< in the stead of what was known of their keys
  std::vector<SourceId> holds;        ///< these are on HOLD from now on
  std::vector<Supersession> intents;  ///< these stay open: there is still something to tidy up
  std::vector<Placement> placements;  ///< these end: what they meant is recorded
};

}  // namespace store
