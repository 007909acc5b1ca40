#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace agent {

/// What `series = auto` makes of the name of an archive: a pure function of the whole key.
///
/// A stream is a succession of backups of one thing. Its name is the key with only what is a time
/// (agent/config/name_time.h) replaced by how that is spelled, as "site-{YYYYMMDD-hhmmss}.jpa"; a
/// '{' of the key is "{{", so that no key is mistaken for a stream. Part numbers, machine numbers,
/// addresses and versions stay in it. To split too much keeps too much; to merge destroys: what is
/// in doubt is split. The random tokens of two tools that are known to write them (UpdraftPlus,
/// Akeeba) are replaced by "{*}"; but for those of Akeeba's that have letters alone, one in
/// seventeen, which may be a name.
struct BackupName {
  std::string stream;
  std::size_t set_bytes = 0;  ///< the set (agent/config/backup_set.h) has so many bytes of the key
  bool has_time = false;      ///< false: it is a set of its own, of all its bytes
};

BackupName backup_name(std::string_view key);

}  // namespace agent
