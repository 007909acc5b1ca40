#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "agent/alarms/form_watch.h"
#include "agent/run/run_context.h"

namespace agent {

/// A content that kept its promise. It lies in staging, synced and read back; or, when `adopted`,
/// under its name already; or, when `path` is empty, it is known to be the one that is held.
struct Accepted {
  std::size_t source = 0;  ///< index into the run's sources
  store::Role role = store::Role::kNew;
  std::string path;
  bool adopted = false;
  bool held_is_unreadable = false;  ///< the copy under archives/, as comparing has shown
  /// Not what the bucket has: it goes to quarantine, whether its key is held or not, and its alarm
  /// begins with this.
  std::string quarantined_because{};
  store::Archive archive;
  std::optional<store::Identity> listed_as;  ///< see Job
  std::optional<ContentLook> look;           ///< none: it was not read in this run
  std::optional<FormWatch::Note> form;       ///< what that means
};

/// Makes accepted contents held, each where it belongs: a first content under archives/; another
/// one of a held key in quarantine, or in the held one's place where generations are asked for; a
/// noncurrent version beside it; nowhere at all when it is a content that we have.
class Keeper {
 public:
  explicit Keeper(RunContext& context);

  /// All are placed, durable and recorded on return, or the run has to end; but for those that no
  /// name can be had for, or that a bad file is in the way of: they fail with a line each, stay
  /// pending and in staging.
  store::Status keep(std::vector<Accepted> accepted);

 private:
  struct Work;
  std::vector<store::Placement> intents_of(const std::vector<Accepted>& accepted) const;
  store::Result<store::Change> begin(std::vector<Accepted>& accepted);
  store::Status look_at_forms(std::vector<Accepted>& accepted);
  store::Status place_all(std::vector<Accepted>& accepted, Work& work);
  store::Status sort(Accepted accepted, Work& work);
  void fail(std::size_t source, const std::string& key, const std::string& kind,
            const std::string& message);
  store::Status fail_bad_file(std::size_t source, const std::string& key,
                              const store::Error& error);
  store::Result<bool> is_known_beside(const Accepted& accepted);
  store::Status note_listed_as(const Accepted& accepted, Work& work);
  store::Status note_same(const Accepted& accepted, Work& work);
  store::Status keep_same(const Accepted& accepted, const store::Archive& held, Work& work);
  struct Broken;
  store::Status repair(const Accepted& accepted, const Broken& broken, Work& work);
  store::Status place_archive(Accepted accepted, Work& work);
  store::Status place_beside(const Accepted& accepted, store::Place place, Work& work);
  store::Status supersede(Work& work);
  void raise_rotted(const Accepted& accepted, const std::string& path, Work& work);
  store::Status raise_changed(const Accepted& accepted, const std::string& path, Work& work);
  void report(const Work& work);

  RunContext& context_;
  FormWatch forms_;
  int refused_in_a_row_ = 0;
};

}  // namespace agent
