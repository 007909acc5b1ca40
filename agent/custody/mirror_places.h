#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/environment.h"
#include "agent/config/config.h"
#include "store/custody/mirror.h"
#include "store/disk/file_identity.h"

namespace agent {

/// Where the mirror lies in this system: `.holdfast` and the directories of its sources. A place is
/// known by its path, and by what it is: a mount of it elsewhere has another path. Where nobody can
/// say what a directory is, the paths alone count.
class MirrorPlaces {
 public:
  /// The mirror and the environment outlive it.
  static store::Result<MirrorPlaces> of(store::Mirror& mirror, const Config& config,
                                        const Environment& environment);

  enum class Where {
    kElsewhere,
    kOnItsDisk,  ///< at or below the root of its disk, in none of its places
    kInIt,
  };
  /// Where a directory lies. `to_the_end` looks at every directory of the mirror; else only those
  /// at the top are known by what they are, unless the directory is on their filesystem.
  Where where_is(const store::ReadableDisk& directory, bool to_the_end) const;

  /// The paths below the directory that lead to a place.
  std::vector<std::string> paths_below(const store::ReadableDisk& directory) const;

  /// Whether a directory of this system is a place, or one that each source has.
  bool is_place(const std::string& path) const;

  /// Whether the archive at `archive_path` on the mirror's disk remains when the name `path` of
  /// this system is removed. An error: that cannot be said.
  store::Result<bool> outlives(const std::string& archive_path, const std::string& path) const;

 private:
  using Identity = std::optional<store::FileIdentity>;

  MirrorPlaces(store::Mirror& mirror, const Environment& environment,
               std::vector<std::string> names);

  std::string at(const std::string& path) const;
  Identity look(const std::string& path) const;
  store::Result<store::FileIdentity> identity_of(const std::string& path) const;
  bool is_place(const store::FileIdentity& identity) const;
  bool has_our_marker(const std::string& directory) const;
  bool lies_below(const std::string& directory, const store::FileIdentity& wanted) const;
  bool lies_deep(const store::FileIdentity& wanted) const;

  store::Mirror& mirror_;
  const Environment& environment_;
  std::vector<std::string> names_;   ///< in the root of the disk
  std::vector<std::string> places_;  ///< absolute
};

}  // namespace agent
