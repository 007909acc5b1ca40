#pragma once

#include <string>

#include "agent/config/adopt_options.h"
#include "agent/custody/adopt_directory.h"
#include "agent/run/run_context.h"

namespace agent {

/// Brings a file of the directory into the mirror's staging area: as a second name of it, where the
/// two are on one filesystem, or else as a copy that leaves `min_free`. Errors are the mirror's.
class AdoptStager {
 public:
  AdoptStager(RunContext& context, AdoptOptions::How how) : context_(context), how_(how) {}

  struct Staged {
    enum class What {
      kLinked,  ///< its bytes are synced
      kCopied,  ///< they are not yet
      kFailed,  ///< `detail` says why; nothing is left
      kStopped,
    };
    What what = What::kFailed;
    std::string detail{};
    bool no_room = false;
  };
  /// `file` is what was found; `archive_path` is where it will lie.
  store::Result<Staged> stage(store::File& file, const AdoptDirectory::File& found,
                              const std::string& path, const std::string& archive_path);

  /// What was linked belongs to the mirror from here on. Where that cannot be, it becomes a copy.
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
