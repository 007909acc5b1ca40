#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/proof/soundness_verdict.h"
#include "agent/run/run_context.h"
#include "store/custody/scrub.h"

namespace agent {

/// Looks at what is held already while the scrub reads it: at what came before holdfast looked, or
/// while `soundness` was off. It is weighed by its name alone, as nobody knows what the habit of
/// its stream was then. What has the form that its stream has now is sound.
class HeldForms {
 public:
  HeldForms(RunContext& context, const SourceRun& source) : context_(context), source_(source) {}

  /// Makes the pass show what it reads. This object outlives the pass.
  void watch(store::ScrubPass& pass);

  /// Records what was found: it counts for no keep rule, and each stream without an open alarm gets
  /// one. It is durable on return. An error is the disk's.
  store::Status record();

 private:
  struct Found {
    store::Archive archive;
    ContentLook look;
    std::string why;
  };
  store::Status look(const store::Holding& holding, const store::FileEnds& ends);
  store::Status tell(const std::string& stream, const std::vector<Found>& found,
                     store::Change& change);

  RunContext& context_;
  const SourceRun& source_;
  store::Status looked_;
  std::map<std::string, std::vector<Found>> found_;  ///< by stream; a few at a time
  std::size_t count_ = 0;
};

}  // namespace agent
