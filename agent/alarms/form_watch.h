#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/proof/content_form.h"
#include "agent/proof/soundness_verdict.h"
#include "agent/run/form_memory.h"
#include "agent/run/run_context.h"
#include "store/custody/change.h"

namespace agent {

/// Weighs what comes by the look at its two ends, and keeps the habit of each stream. There is one
/// for a pull.
///
/// A content that is older than what is known of its stream, as in a backlog, is weighed by its
/// name alone: what was right then need not be what is expected now.
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
  /// Says what the look means; nullopt with `soundness = off`. Writes nothing.
  store::Result<std::optional<Note>> weigh(std::size_t source, const store::Archive& archive,
                                           const ContentLook& look);

  /// Is called for a content that is about to be the trusted one of its key. Raises or ends the
  /// alarm of its stream and changes the habit, all with `change`. `replaces` says that another
  /// content of the key was held.
  store::Status note(std::size_t source, const store::Archive& archive, const Note& note,
                     bool replaces, store::Change& change);

  /// Is called when the changes of all that was noted are recorded.
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
