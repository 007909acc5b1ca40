#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/proof/soundness.h"
#include "agent/run/run_context.h"
#include "store/custody/scrub.h"

namespace agent {

/// Looks at what is held already, while the scrub reads it anyway: what came before holdfast
/// looked, or while `soundness` was off. Judged by its name alone, for nobody knows what the habit
/// of its stream was then; but what is of the form that its stream has by now is none to complain
/// of.
class HeldForms {
 public:
  HeldForms(RunContext& context, const SourceRun& source) : context_(context), source_(source) {}

  /// Makes the pass show what it reads. It lives as long as the pass.
  void watch(store::ScrubPass& pass);

  /// Records what was found: it takes no place in the keep rules, and there is one alarm for each
  /// stream that has none open.
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
