#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/proof/content_form.h"
#include "agent/proof/soundness.h"
#include "agent/run/form_habit.h"
#include "agent/run/run_context.h"
#include "store/custody/change.h"

namespace agent {

/// Judges what comes by the look at its ends, and keeps the habit of each stream. One for a pull.
///
/// A content that is older than what is known of its stream, as in a backlog, is judged by its name
/// alone: what was meant then is not what is expected now.
class FormWatch {
 public:
  explicit FormWatch(RunContext& context) : context_(context) {}

  /// What a look at one content means.
  struct Note {
    ContentLook look;
    Soundness soundness;
    store::Unsound unsound = store::Unsound::kNo;
    store::Belonging place;
    bool acknowledged = false;  ///< on the other disk, where two take turns
  };
  /// nullopt: `soundness = off`. Writes nothing.
  store::Result<std::optional<Note>> weigh(std::size_t source, const store::Archive& archive,
                                           const ContentLook& look);

  /// The content is about to be the trusted one of its key: raises the alarm of its stream or ends
  /// it, and changes the habit, all with `change`. `replaces`: its key was held with another one.
  store::Status note(std::size_t source, const store::Archive& archive, const Note& note,
                     bool replaces, store::Change& change);

  /// What note() has noted since is recorded.
  void recorded() { pending_.clear(); }

 private:
  using Stream = std::pair<std::size_t, std::string>;

  store::Result<std::optional<store::StreamForm>> form_of(std::size_t source,
                                                          const std::string& stream);
  /// `why`: of what may be meant, which is the same whenever it came; else empty.
  store::Result<bool> is_acknowledged(std::size_t source, const std::string& stream,
                                      store::Time made, std::string_view why) const;
  void raise(std::size_t source, const store::Archive& archive, const Note& note,
             const store::StreamForm& form, store::Change& change);
  /// What ends the alarm is the walk of it.
  bool waits_for_walk(std::size_t source) const;
  void count_lost(std::size_t source, const std::string& stream, store::Change& change);

  RunContext& context_;
  std::map<Stream, store::StreamForm> pending_;        ///< not recorded yet, of one batch
  std::map<std::size_t, std::set<std::string>> lost_;  ///< up to two streams of each source
};

}  // namespace agent
