#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "agent/alarms/form_watch.h"
#include "agent/fetch/accepted.h"
#include "agent/fetch/destination.h"
#include "agent/run/run_context.h"

namespace agent {

/// Makes accepted contents held, each where destination.h says that it belongs, and records them.
class Committer {
 public:
  explicit Committer(RunContext& context);

  /// On success all of them are placed, durable and recorded, except for a content for which no
  /// name can be had, or which a bad file is in the way of: that one is reported, stays in staging
  /// and stays pending. An error ends the run; what was placed by then is recorded when the mirror
  /// is opened next.
  store::Status commit(std::vector<Accepted> accepted);

 private:
  struct Work;
  std::vector<store::Placement> intents_of(const std::vector<Accepted>& accepted) const;
  store::Result<store::Change> begin(std::vector<Accepted>& accepted);
  store::Status look_at_forms(std::vector<Accepted>& accepted);
  store::Status place_all(std::vector<Accepted>& accepted, Work& work);
  store::Status place(Accepted accepted, Work& work);
  void fail(std::size_t source, const std::string& key, const std::string& kind,
            const std::string& message);
  store::Status fail_bad_file(std::size_t source, const std::string& key,
                              const store::Error& error);
  store::Status note_listed_as(const Accepted& accepted, Work& work);
  store::Status note_same(const Accepted& accepted, Work& work);
  store::Status repair(const Accepted& accepted, const Destination& destination, Work& work);
  store::Status place_archive(Accepted accepted, Work& work);
  store::Status place_generation(const Accepted& accepted, store::Place place, Work& work);
  store::Status supersede(Work& work);
  void raise_rotted(const Accepted& accepted, const std::string& path, Work& work);
  store::Status raise_changed(const Accepted& accepted, const std::string& path, Work& work);
  void report(const Work& work);

  RunContext& context_;
  FormWatch forms_;
  int refused_in_a_row_ = 0;
};

}  // namespace agent
