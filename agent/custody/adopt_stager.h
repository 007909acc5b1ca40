#pragma once

#include <string>

#include "agent/config/adopt_options.h"
#include "agent/custody/adopt_directory.h"
#include "agent/run/run_context.h"

namespace agent {

/// Brings a file of the directory into the mirror's staging area: as a second name of the same file
/// where both are on one filesystem, else as a copy, which leaves `min_free`. An error is the
/// mirror's.
class AdoptStager {
 public:
  AdoptStager(RunContext& context, AdoptOptions::How how) : context_(context), how_(how) {}

  struct Staged {
    enum class What {
      kLinked,   ///< it has a second name, and its bytes are synced
      kCopied,   ///< it has a copy, whose bytes are not synced yet
      kFailed,   ///< `detail` says why; nothing is left in staging
      kStopped,  ///< the run is to end; nothing is left in staging
    };
    What what = What::kFailed;
    std::string detail{};
    bool no_room = false;
  };
  /// `file` is the open file of `found`, `path` its place in staging, `archive_path` where it will
  /// lie.
  store::Result<Staged> stage(store::File& file, const AdoptDirectory::File& found,
                              const std::string& path, const std::string& archive_path);

  /// Makes a linked file the mirror's own: owner and mode are ours from here on. Where that cannot
  /// be, the second name is replaced by a copy.
  store::Result<Staged> make_ours(store::File& file, const AdoptDirectory::File& found,
                                  const std::string& path, const std::string& archive_path);

 private:
  store::Result<Staged> copy(store::File& file, const AdoptDirectory::File& found,
                             const std::string& path, const std::string& archive_path);
  store::Result<Staged> fill(store::File& from, store::File& to, std::uint64_t size_bytes);
  store::Result<std::string> lacking_room(std::uint64_t size_bytes,
                                          const std::string& archive_path);

  RunContext& context_;
  const AdoptOptions::How how_;
};

}  // namespace agent
